"""Rules of a roster by request: drafted and tried, planned ahead once approved, in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction

from accounts.models import Roster, RosterPlan, RosterVersion, User
from accounts.rules.roster_diff import differing
from accounts.selectors.rosters import NEVER, Stretch, clear_caches, person_id, plan_of
from accounts.services.roster_versions import NewLayer, edit_roster, withdraw_version
from accounts.services.rosters import may_edit
from config.lib.errors import Conflict, DomainError
from config.lib.history import told
from config.lib.versions import digest

LOOKED = timedelta(days=14)
TOLD = 20


def draft_plan(
    roster: Roster,
    layers: Sequence[NewLayer],
    *,
    by: User,
    at: datetime,
    note: str,
    fallback: User | None = None,
    accept_gaps: bool = False,
    not_before: datetime | None = None,
) -> RosterPlan:
    """The next plan as a draft, tried first. The caller is in atomic. Raises as `edit_roster`."""
    may_edit(by, roster)
    Roster.objects.select_for_update(of=("self",)).get(pk=roster.pk)
    ensure_first(roster, at)
    plan = RosterPlan(
        roster=roster,
        number=_next_number(roster),
        layers=[_written(layer) for layer in layers],
        fallback=fallback,
        accepts_gaps=accept_gaps,
        note=note[:500],
    )
    plan.outlook = try_plan(plan, by=by, at=at, not_before=not_before)
    return _saved(plan, by, note, at)


def copy_plan(plan: RosterPlan, *, by: User | None, at: datetime, note: str) -> RosterPlan:
    """The next draft, which says what this one says."""
    copy = RosterPlan(
        roster=plan.roster,
        number=_next_number(plan.roster),
        layers=plan.layers,
        fallback=plan.fallback,
        accepts_gaps=plan.accepts_gaps,
        note=note,
    )
    return _saved(copy, by, note, at)


def try_plan(
    plan: RosterPlan, *, by: User | None, at: datetime, not_before: datetime | None = None
) -> dict[str, Any]:
    """Written and taken back: who would answer instead of whom in the 14 days from its beginning.
    Raises as `edit_roster`."""
    roster = plan.roster
    try:
        with transaction.atomic():
            version = _write(plan, by=by, at=at, not_before=not_before, reason="Tried.")
            start, end = version.effective_from, version.effective_from + LOOKED
            after = plan_of(roster, start, end, at).shifts(start, end)
            transaction.set_rollback(True)
    finally:
        clear_caches()  # a later version may get the key of this one
    before = plan_of(roster, start, end, at).shifts(start, end)
    found = differing(
        [(each.start, each.end, person_id(each)) for each in before],
        [(each.start, each.end, person_id(each)) for each in after],
    )
    rows = [[a.isoformat(), b.isoformat(), old, new] for a, b, old, new in found[:TOLD]]
    return {"from": start.isoformat(), "count": len(found), "first": rows}


def sealed(plan: RosterPlan) -> str:
    """The hash of what it says."""
    return digest(
        {
            "roster": plan.roster.code,
            "number": plan.number,
            "layers": plan.layers,
            "fallback": plan.fallback_id,
            "accepts_gaps": plan.accepts_gaps,
        }
    )


def foresee(plan: RosterPlan, *, since: datetime, by: User, at: datetime, reason: str) -> None:
    """Approved: from its beginning on it stands in every calendar. Not saved here."""
    plan.written = _write(plan, by=by, at=at, not_before=since, reason=reason)


def forget(plan: RosterPlan, *, by: User | None, at: datetime, reason: str) -> None:
    """A draft again: what was planned ahead is withdrawn. Not saved here."""
    version, plan.written = plan.written, None
    if version is not None and version.withdrawn_at is None and version.effective_from > at:
        person = by or version.recorded_by
        assert person is not None, "what others approved was written down by one of them"
        withdraw_version(version, by=person, at=at, reason=reason, is_approved=True)


def take_effect(plan: RosterPlan, *, by: User | None, at: datetime, reason: str) -> RosterPlan:
    """It decides from the hand-over on that it was planned for. The caller holds its lock. Raises
    Conflict `already_published`."""
    if plan.state in ("in_force", "retired"):
        raise Conflict("already_published", "This was in force already.")
    for before in RosterPlan.objects.filter(roster=plan.roster_id, state="in_force"):
        before.state, before.retired_at = "retired", at
        _saved(before, by, f"Version {plan.number} is in force.", at)
    if plan.written is None or plan.written.withdrawn_at is not None:
        plan.written = _write(plan, by=by, at=at, not_before=at, reason=reason)
    plan.state, plan.effective_from, plan.published_by = "in_force", at, by
    plan.sha256 = sealed(plan)
    return _saved(plan, by, reason, at)


def ensure_first(roster: Roster, at: datetime) -> None:
    """The rules that hold become version 1, so that there is something to compare with."""
    stretches = plan_of(roster, at, NEVER, at).stretches
    if roster.plans.exists() or not stretches:
        return
    held: Stretch = stretches[0]
    written = RosterVersion.objects.get(pk=held.version_id)
    reason = "The rules that held until now."
    plan = RosterPlan(
        roster=roster,
        number=1,
        layers=[_of_rule(layer, max(at, held.start)) for layer in held.layers],
        fallback_id=held.fallback,
        accepts_gaps=written.accepts_gaps,
        note=reason,
        state="in_force",
        effective_from=written.effective_from,
        written=written,
    )
    plan.sha256 = sealed(plan)
    _saved(plan, None, reason, at)


def layers_of_plan(plan: RosterPlan, **changes: Any) -> list[NewLayer]:
    """As `edit_roster` takes them, each with `changes`. Raises KeyError for who is gone."""
    people = User.objects.in_bulk({pk for layer in plan.layers for pk in layer["people"]})
    return [replace(_read(layer, people), **changes) for layer in plan.layers]


def _write(
    plan: RosterPlan, *, by: User | None, at: datetime, not_before: datetime | None, reason: str
) -> RosterVersion:
    if by is None:
        raise Conflict("nobody_answers", "A person puts the rules of a roster in force.")
    try:
        layers = layers_of_plan(plan)
    except KeyError as error:
        raise DomainError("unknown_person", "Somebody of it is not known any more.") from error
    return edit_roster(
        plan.roster,
        layers,
        by=by,
        at=at,
        not_before=not_before,
        fallback=plan.fallback,
        accept_gaps=plan.accepts_gaps,
        reason=reason[:200],
        is_approved=True,
    )


def _written(layer: NewLayer) -> dict[str, Any]:
    return {
        "zone": layer.zone,
        "handoff": f"{layer.handoff:%H:%M}",
        "unit": layer.unit,
        "every": layer.every,
        "start_on": layer.start_on.isoformat() if layer.start_on else None,
        "restrict": dict(layer.restrict),
        "people": [person.pk for person in layer.people],
        "continue_with": layer.continue_with.pk,
    }


def _of_rule(layer: Any, at: datetime) -> dict[str, Any]:
    turn = max(layer.shift_number(at), 0) % len(layer.people)
    return {
        "zone": layer.zone,
        "handoff": f"{layer.handoff:%H:%M}",
        "unit": layer.unit,
        "every": layer.every,
        "start_on": layer.start_date.isoformat(),
        "restrict": dict(layer.restrict or {}),
        "people": list(layer.people),
        "continue_with": layer.people[turn],
    }


def _read(layer: dict[str, Any], people: dict[int, User]) -> NewLayer:
    return NewLayer(
        zone=layer["zone"],
        handoff=time.fromisoformat(layer["handoff"]),
        unit=layer["unit"],
        people=[people[pk] for pk in layer["people"]],
        continue_with=people[layer["continue_with"]],
        every=layer["every"],
        restrict=layer["restrict"],
        start_on=date.fromisoformat(layer["start_on"]) if layer["start_on"] else None,
    )


def _next_number(roster: Roster) -> int:
    last = roster.plans.order_by("-number").first()
    return last.number + 1 if last else 1


def _saved(plan: RosterPlan, by: User | None, reason: str, at: datetime) -> RosterPlan:
    told(plan, by=by, reason=reason, at=at).save()
    return plan
