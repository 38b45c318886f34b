"""Two people exchange shifts. The swap is bound to the shifts, not to their times."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import Override, Roster, Swap, User
from accounts.models.swaps import SwapState
from accounts.selectors.roster_shifts import ShiftRef, layer_shifts, plans_roster
from accounts.selectors.rosters import plan_of
from accounts.services.rosters import LOOK, REASON, checked_person, not_yours
from config.lib.errors import Conflict, NotAllowed, field_error
from config.lib.history import told
from config.lib.queue import enqueue

TELL = "escalations.tasks.rosters.tell_of_swap"
AHEAD = timedelta(days=120)


def shifts_ahead(roster: Roster, at: datetime) -> dict[str, ShiftRef]:
    """Key -> the shift, of all that begin in the next 120 days."""
    until = at + AHEAD
    return {ref.key: ref for ref in layer_shifts(plan_of(roster, at, until, at), at, until)}


@transaction.atomic
def ask_swap(
    roster: Roster, give: str, take: str, *, by: User, at: datetime, reason: str = ""
) -> Swap:
    """`by` offers their shift `give` for `take` (keys such as "1.12"), whose person then answers.

    Raises DomainError unknown_shift, not_your_shift or unreachable_person.
    """
    ahead = shifts_ahead(roster, at)
    given, taken = _named(ahead, "give", give), _named(ahead, "take", take)
    if given.person != by.pk:
        raise NotAllowed("not_your_shift", "You can only give a shift that is yours.")
    if taken.person == by.pk:
        raise field_error("take", "own_shift", "That shift is yours already.")
    partner = checked_person(User.objects.get(pk=taken.person), "take")
    swap = Swap(
        roster=roster,
        asked_by=by,
        asked_at=at,
        partner=partner,
        give_layer=given.layer,
        give_number=given.number,
        take_layer=taken.layer,
        take_number=taken.number,
        reason=reason.strip()[:REASON],
    )
    swap.full_clean()
    told(swap, by=by, reason=reason, at=at).save()
    enqueue(TELL, swap.pk)
    return swap


@transaction.atomic
def accept_swap(swap: Swap, *, by: User, at: datetime) -> Swap:
    """Both shifts change hands. Raises not_asked, not_open, or swap_lapsed where a shift has begun
    or is not theirs any more."""
    swap = _answerable(swap, by)
    ahead = shifts_ahead(swap.roster, at)
    legs = legs_of(swap)
    for person, _, key in legs:
        ref = ahead.get(key)
        if ref is None or ref.person != person.pk:
            raise Conflict("swap_lapsed", "One of the two shifts has begun or is not theirs now.")
    _settle(swap, SwapState.ACCEPTED, by=by, at=at)
    for person, stand_in, key in legs:
        bind(swap, ahead[key], person, stand_in, by=by, at=at)
    enqueue(LOOK, swap.roster_id)
    enqueue(TELL, swap.pk)
    return swap


@transaction.atomic
def decline_swap(swap: Swap, *, by: User, at: datetime, reason: str = "") -> Swap:
    swap = _settle(_answerable(swap, by), SwapState.DECLINED, by=by, at=at, reason=reason)
    enqueue(TELL, swap.pk)
    return swap


@transaction.atomic
def withdraw_swap(swap: Swap, *, by: User, at: datetime, reason: str = "") -> Swap:
    """Asked: by who asked. Accepted: by either of the two or who plans the roster, until the first
    of the shifts begins. Raises not_yours, not_open or shift_began."""
    swap = _locked(swap)
    own = (swap.asked_by_id,) if swap.state == SwapState.ASKED else _both(swap)
    if by.pk not in own and not plans_roster(by, swap.roster):
        raise not_yours()
    if swap.state not in (SwapState.ASKED, SwapState.ACCEPTED):
        raise Conflict("not_open", f"This swap is {swap.state}.")
    halves = swap.overrides.filter(withdrawn_at=None)
    if any(half.start_at <= at for half in halves):
        raise Conflict("shift_began", "One of the shifts has begun: find cover for the other.")
    unbind(swap, by=by, at=at)
    _settle(swap, SwapState.WITHDRAWN, by=by, at=at, reason=reason)
    enqueue(LOOK, swap.roster_id)
    enqueue(TELL, swap.pk)
    return swap


def follow_plan(roster: Roster, *, by: User, at: datetime) -> None:
    """After a new version: swaps move with their shifts, and one whose shift went to somebody else
    lapses. The caller is inside `atomic()`."""
    ahead = shifts_ahead(roster, at)
    for swap in roster.swaps.filter(state=SwapState.ACCEPTED):
        halves = {
            f"{half.layer}.{half.shift_number}": half
            for half in swap.overrides.filter(withdrawn_at=None, start_at__gt=at)
        }
        legs = [leg for leg in legs_of(swap) if leg[2] in halves]
        if any(key not in ahead or ahead[key].person != who.pk for who, _, key in legs):
            unbind(swap, by=by, at=at)
            _settle(swap, SwapState.LAPSED, by=by, at=at, reason="The plan changed")
            enqueue(TELL, swap.pk)
            continue
        for who, stand_in, key in legs:
            half, ref = halves[key], ahead[key]
            if (half.start_at, half.end_at) != (ref.start, ref.end):
                _withdraw(half, by=by, at=at, reason="The shift moved")
                bind(swap, ref, who, stand_in, by=by, at=at)


def legs_of(swap: Swap) -> list[tuple[User, User, str]]:
    """(whose shift, who stands in, the shift's key) of both halves."""
    return [
        (swap.asked_by, swap.partner, f"{swap.give_layer}.{swap.give_number}"),
        (swap.partner, swap.asked_by, f"{swap.take_layer}.{swap.take_number}"),
    ]


def bind(
    swap: Swap, ref: ShiftRef, person: User, stand_in: User, *, by: User, at: datetime
) -> Override:
    half = Override(
        roster=swap.roster,
        user=stand_in,
        start_at=ref.start,
        end_at=ref.end,
        recorded_at=at,
        recorded_by=by,
        reason=f"Swap with {person}"[:REASON],
        swap=swap,
        layer=ref.layer,
        shift_number=ref.number,
        instead_of=person,
    )
    half.full_clean()
    told(half, by=by, at=at).save()
    return half


def unbind(swap: Swap, *, by: User, at: datetime) -> None:
    for half in swap.overrides.filter(withdrawn_at=None, end_at__gt=at):
        _withdraw(half, by=by, at=at, reason="The swap ended")


def _withdraw(half: Override, *, by: User, at: datetime, reason: str) -> None:
    half.withdrawn_at = at
    told(half, by=by, at=at, reason=reason).save(update_fields=["withdrawn_at"])


def _named(ahead: dict[str, ShiftRef], field: str, key: str) -> ShiftRef:
    if key not in ahead:
        raise field_error(field, "unknown_shift", "Choose a shift that has not begun.")
    return ahead[key]


def _both(swap: Swap) -> tuple[int, int]:
    return swap.asked_by_id, swap.partner_id


def _locked(swap: Swap) -> Swap:
    # Locked bare, read with its relations afterwards.
    Swap.objects.select_for_update().get(pk=swap.pk)
    return Swap.objects.select_related("roster__team", "asked_by", "partner").get(pk=swap.pk)


def _answerable(swap: Swap, by: User) -> Swap:
    swap = _locked(swap)
    if by.pk != swap.partner_id:
        raise NotAllowed("not_asked", "Only the person who was asked may answer.")
    if swap.state != SwapState.ASKED:
        raise Conflict("not_open", f"This swap is {swap.state}.")
    return swap


def _settle(swap: Swap, state: SwapState, *, by: User, at: datetime, reason: str = "") -> Swap:
    swap.state = state
    if state in (SwapState.ACCEPTED, SwapState.DECLINED):
        swap.answered_at, swap.answered_by = at, by
    told(swap, by=by, reason=reason, at=at).save()
    return swap
