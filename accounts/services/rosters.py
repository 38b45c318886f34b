"""Who stands in and who is away. Recorded, and withdrawn if need be; never changed or deleted.

What is past stays as it was: a period that began is recorded from now on.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import Absence, Layer, Override, Roster, Swap, User
from accounts.models.swaps import SwapState
from accounts.selectors.roster_shifts import edits_roster, owner_id_of, plans_roster, serves_in
from accounts.selectors.rosters import plan_of
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from config.lib.history import told
from config.lib.queue import enqueue

LOOK = "escalations.tasks.rosters.look_at"
LONGEST = timedelta(days=366)
REASON = 200  # characters


def checked_period(start: datetime, end: datetime, at: datetime) -> tuple[datetime, datetime]:
    """Raises DomainError bad_period, already_over or too_long."""
    if end <= start:
        raise field_error("end_at", "bad_period", "It ends after it begins.")
    if end <= at:
        raise field_error("end_at", "already_over", "This is over: the past stays as it was.")
    if end - start > LONGEST:
        raise field_error("end_at", "too_long", "At most a year at a time.")
    return max(start, at), end


def checked_person(person: User, field: str = "user") -> User:
    if not person.is_reachable:
        raise field_error(
            field, "unreachable_person", f"{person} is not active or has no address to page."
        )
    return person


@transaction.atomic
def record_override(
    roster: Roster,
    person: User,
    start: datetime,
    end: datetime,
    *,
    by: User,
    at: datetime,
    reason: str = "",
) -> Override:
    """`person` answers for the roster in [start, end). Who plans the roster records it for
    anybody, who serves in it for themselves.

    Raises DomainError not_your_roster, unreachable_person, person_away or a wrong period.
    """
    start, end = checked_period(start, end, at)
    plan = plan_of(roster, start, end, at)
    is_own = by.pk == person.pk and serves_in(by, roster, plan, at)
    if not (is_own or plans_roster(by, roster)):
        raise not_yours()
    checked_person(person)
    away = Absence.objects.filter(
        user=person, withdrawn_at=None, start_at__lt=end, end_at__gt=start
    ).first()
    if away is not None:
        raise Conflict("person_away", f"{person} is away in that time. Choose somebody else.")
    override = Override(
        roster=roster,
        user=person,
        start_at=start,
        end_at=end,
        recorded_at=at,
        recorded_by=by,
        reason=reason.strip()[:REASON],
    )
    override.full_clean()
    told(override, by=by, reason=reason, at=at).save()
    enqueue(LOOK, roster.pk)
    return override


@transaction.atomic
def withdraw_override(override: Override, *, by: User, at: datetime, reason: str = "") -> None:
    """From `at` on the layers decide again. Raises not_your_roster, part_of_swap,
    already_withdrawn or already_over."""
    override = Override.objects.select_for_update().get(pk=override.pk)
    roster = override.roster
    if by.pk not in (override.recorded_by_id, override.user_id) and not plans_roster(by, roster):
        raise not_yours()
    if override.swap_id is not None:
        raise Conflict("part_of_swap", "This is half of a swap: withdraw the swap.")
    refuse_settled(override.withdrawn_at, override.end_at, at)
    override.withdrawn_at = at
    told(override, by=by, reason=reason, at=at).save(update_fields=["withdrawn_at"])
    enqueue(LOOK, roster.pk)


@transaction.atomic
def record_absence(
    person: User,
    start: datetime,
    end: datetime,
    *,
    by: User,
    at: datetime,
    reason: str = "",
) -> Absence:
    """`person` is on no roster in [start, end). Anybody records their own; a manager and who may
    add absences record it for others. Raises not_yours or a wrong period."""
    start, end = checked_period(start, end, at)
    if not speaks_for(by, person):
        raise NotAllowed("not_yours", "Only they, their manager or a roster's owner may say so.")
    absence = Absence(
        user=person,
        start_at=start,
        end_at=end,
        reason=reason.strip()[:REASON],
        recorded_at=at,
        recorded_by=by,
    )
    absence.full_clean()
    told(absence, by=by, reason=reason, at=at).save()
    _look_at_rosters_of(person)
    return absence


@transaction.atomic
def withdraw_absence(absence: Absence, *, by: User, at: datetime, reason: str = "") -> None:
    """Back on the rosters from `at`. Raises not_yours, already_withdrawn or already_over."""
    absence = Absence.objects.select_for_update().get(pk=absence.pk)
    if by.pk != absence.recorded_by_id and not speaks_for(by, absence.user):
        raise NotAllowed("not_yours", "Only they, their manager or a roster's owner may say so.")
    refuse_settled(absence.withdrawn_at, absence.end_at, at)
    if absence.start_at < at:
        # What has passed of it stays: a shorter absence takes its place.
        past = Absence(
            user=absence.user,
            start_at=absence.start_at,
            end_at=at,
            reason=absence.reason,
            recorded_at=absence.recorded_at,
            recorded_by=absence.recorded_by,
        )
        told(past, by=by, reason=reason, at=at).save()
    absence.withdrawn_at = at
    told(absence, by=by, reason=reason, at=at).save(update_fields=["withdrawn_at"])
    _look_at_rosters_of(absence.user)


def speaks_for(by: User, person: User) -> bool:
    """May `by` say that `person` is away?"""
    if by.pk == person.pk or person.manager_id == by.pk or by.has_perm("accounts.add_absence"):
        return True
    return any(owner_id_of(roster) == by.pk for roster in rosters_naming(person))


def rosters_naming(person: User) -> list[Roster]:
    """Rosters one of whose versions names this person."""
    named = Layer.objects.filter(people__user=person).values("version__roster")
    return list(Roster.objects.filter(pk__in=named).select_related("team"))


def refuse_settled(withdrawn_at: datetime | None, end: datetime, at: datetime) -> None:
    if withdrawn_at is not None:
        raise Conflict("already_withdrawn", "This was withdrawn before.")
    if end <= at:
        raise Conflict("already_over", "This is over: the past stays as it was.")


def not_yours() -> DomainError:
    return NotAllowed(
        "not_your_roster", "Ask the roster's owner or a duty manager: you do not plan this roster."
    )


def may_edit(by: User, roster: Roster) -> None:
    if not edits_roster(by, roster):
        raise not_yours()


def open_swaps_of(person: User) -> list[Swap]:
    """What this person is asked to answer."""
    rows = Swap.objects.filter(partner=person, state=SwapState.ASKED)
    return list(rows.select_related("roster", "asked_by"))


def _look_at_rosters_of(person: User) -> None:
    for roster in rosters_naming(person):
        enqueue(LOOK, roster.pk)
