"""Editing a roster: the next version, from a hand-off on, that says who continues."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from math import gcd
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.models import Layer, LayerPerson, Roster, RosterVersion, User
from accounts.rules import rosters as rules
from accounts.rules.service_hours import CalendarError
from accounts.rules.zones import UnknownZone, instant_of, zone_named
from accounts.selectors.roster_gaps import AHEAD, gaps_in
from accounts.selectors.rosters import INSTANT, Stretch, plan_of
from accounts.services.rosters import LOOK, checked_person, may_edit
from accounts.services.swaps import follow_plan
from config.lib.errors import Conflict, DomainError, field_error
from config.lib.history import told
from config.lib.queue import enqueue

GAPS_TOLD = 20
MOST_LAYERS, MOST_PEOPLE = 10, 50
OLDEST, FURTHEST = timedelta(days=7305), timedelta(days=731)  # of first days, and of beginnings


@dataclass(frozen=True, slots=True)
class NewLayer:
    """`people` in their order; `continue_with` is on duty first. Without `start_on` a layer whose
    rhythm stays as it was keeps its hand-overs, and any other begins with the version."""

    zone: str
    handoff: time
    unit: str
    people: Sequence[User]
    continue_with: User
    every: int = 1
    restrict: Mapping[str, Any] = field(default_factory=dict)
    start_on: date | None = None


@transaction.atomic
def edit_roster(
    roster: Roster,
    layers: Sequence[NewLayer],
    *,
    by: User,
    at: datetime,
    not_before: datetime | None = None,
    fallback: User | None = None,
    accept_gaps: bool = False,
    reason: str = "",
    is_approved: bool = False,
) -> RosterVersion:
    """A new version from the next hand-off of the lowest layer at or after `not_before` (now).

    Shifts keep their numbers, so swaps and calendars follow them. `is_approved`: others have agreed
    to it, whoever writes it down. Raises DomainError not_your_roster, by_request, no_layers,
    unknown_person, unreachable_person, what the rules say of a layer, and 409 roster_gaps with
    `gaps` where nobody would answer and neither a fallback is named nor the gaps are accepted.
    """
    if not is_approved:
        may_edit(by, roster)
        _check_free(roster)
    if not 1 <= len(layers) <= MOST_LAYERS:
        raise field_error("layers", "no_layers", f"A roster has 1 to {MOST_LAYERS} layers.")
    asked = max(at, not_before or at)
    _check_dates(layers, asked, at)
    Roster.objects.select_for_update().get(pk=roster.pk)
    for person in {p for layer in layers for p in layer.people} | {fallback} - {None}:
        checked_person(person, "layers")  # type: ignore[arg-type]  # None is taken out
    old = plan_of(roster, asked, asked + INSTANT, at).stretch_at(asked)
    begins = next_handoff(old, asked)
    if old:
        layers = [_in_rhythm(*pair) for pair in zip_longest(layers, old.layers[: len(layers)])]
    # Where the lowest layer is to hand over later that day, the old version goes on until then.
    effective = max(begins, _handoff_on(layers[0], begins)) if old else begins
    made = [_anchored(layer, begins, effective) for layer in layers]
    version = _write(roster, layers, made, effective, by, at, fallback, accept_gaps, reason)
    _count_on(version, old, made, effective)
    plan = plan_of(roster, effective, effective + AHEAD, at)
    gaps = gaps_in(plan, effective, effective + AHEAD)
    if gaps and fallback is None and not accept_gaps:
        raise _refused(gaps)
    follow_plan(roster, by=by, at=at)
    enqueue(LOOK, roster.pk)
    return version


@transaction.atomic
def withdraw_version(
    version: RosterVersion,
    *,
    by: User,
    at: datetime,
    reason: str = "",
    is_approved: bool = False,
) -> None:
    """One that has not begun. Raises not_your_roster, by_request, already_withdrawn or
    already_begun."""
    if not is_approved:
        may_edit(by, version.roster)
        _check_free(version.roster)
    version = RosterVersion.objects.select_for_update().get(pk=version.pk)
    if version.withdrawn_at is not None:
        raise Conflict("already_withdrawn", "This was withdrawn before.")
    if version.effective_from <= at:
        raise Conflict("already_begun", "It is in force: edit the roster instead.")
    version.withdrawn_at = at
    told(version, by=by, reason=reason, at=at).save()
    follow_plan(version.roster, by=by, at=at)
    enqueue(LOOK, version.roster_id)


def _check_free(roster: Roster) -> None:
    if roster.by_request:
        raise Conflict("by_request", f"The rules of {roster} change by request: ask for approval.")


def _check_dates(layers: Sequence[NewLayer], asked: datetime, at: datetime) -> None:
    if asked > at + FURTHEST:
        raise field_error("not_before", "bad_date", "At most two years ahead.")
    for layer in layers:
        day = layer.start_on
        if day and not (at - OLDEST).date() <= day <= (asked + FURTHEST).date():
            raise field_error("layers", "bad_date", "A first day within 20 years back and 2 ahead.")


def _in_rhythm(layer: NewLayer, before: rules.Layer | None) -> NewLayer:
    """Anchored as before where nothing of its rhythm changes: the 31st stays the 31st."""
    if layer.start_on is not None or before is None:
        return layer
    rhythm = (before.zone, before.handoff, before.unit, before.every)
    is_same = rhythm == (layer.zone, layer.handoff, layer.unit, layer.every)
    return replace(layer, start_on=before.start_date) if is_same else layer


def next_handoff(old: Stretch | None, asked: datetime) -> datetime:
    """At or after `asked`; at once for a roster that had no plan."""
    if old is None or not old.layers:
        return asked
    layer = old.layers[0]
    k = max(layer.shift_number(asked), 0)
    while (found := layer.handoff_at(k)) < asked:
        k += 1
    return found


def _handoff_on(layer: NewLayer, begins: datetime) -> datetime:
    """When the layer hands over on its first day, which is that of `begins` unless it says so."""
    try:
        zone = zone_named(layer.zone)
        day = layer.start_on or begins.astimezone(zone).date()
        return instant_of(zone, datetime.combine(day, layer.handoff))
    except UnknownZone as error:
        raise field_error("layers", "unknown_zone", str(error)) from error
    except (ValueError, OverflowError) as error:
        raise field_error("layers", "bad_date", "That date or time cannot be.") from error


def _anchored(layer: NewLayer, begins: datetime, effective: datetime) -> rules.Layer:
    """The rule with `continue_with` on duty from its first hand-off on. One that hands over later
    than `effective` is anchored earlier: who comes before them fills the time between."""
    if layer.continue_with not in layer.people or len(layer.people) > MOST_PEOPLE:
        raise field_error("layers", "unknown_person", "Name who continues, of the people in it.")
    ids = [person.pk for person in layer.people]
    handoff = _handoff_on(layer, begins)
    is_late = handoff > effective
    start_on = handoff.astimezone(zone_named(layer.zone)).date()
    try:
        rule = rules.Layer(
            zone=layer.zone,
            start_date=_before(layer, start_on) if is_late else start_on,
            handoff=layer.handoff,
            unit=layer.unit,
            every=layer.every,
            people=tuple(ids),
            restrict=dict(layer.restrict) or None,
        )
    except (rules.RosterError, CalendarError) as error:
        raise field_error("layers", error.code, error.sentence) from error
    except (ValueError, OverflowError) as error:
        raise field_error("layers", "bad_date", "That date or time cannot be.") from error
    shift = rule.shift_number(max(effective, handoff))
    place = (ids.index(layer.continue_with.pk) - shift) % len(ids)
    return replace(rule, people=tuple(ids[place:] + ids[:place]))


def _before(layer: NewLayer, day: date) -> date:
    """An earlier day from which the rotation reaches `day` by whole turns."""
    if layer.unit == "month":
        months = day.year * 12 + day.month - 1
        while True:  # until a month that has this day: 29 February comes every four years
            months -= max(layer.every, 1)
            if day.day <= monthrange(months // 12, months % 12 + 1)[1]:
                return date(months // 12, months % 12 + 1, day.day)
    every = max(layer.every, 1)
    turn = {"week": 7 * every, "day": every}.get(layer.unit, every // gcd(24, every))
    return day - timedelta(days=turn)


def _write(
    roster: Roster,
    layers: Sequence[NewLayer],
    made: Sequence[rules.Layer],
    effective: datetime,
    by: User,
    at: datetime,
    fallback: User | None,
    accept_gaps: bool,
    reason: str,
) -> RosterVersion:
    last = roster.versions.aggregate(last=Max("number"))["last"] or 0
    # One that was planned for the same instant gives way.
    for same in roster.versions.filter(effective_from=effective, withdrawn_at=None):
        same.withdrawn_at = at
        told(same, by=by, reason="Planned anew", at=at).save()
    version = RosterVersion(
        roster=roster,
        number=last + 1,
        effective_from=effective,
        recorded_at=at,
        recorded_by=by,
        fallback=fallback,
        accepts_gaps=accept_gaps,
    )
    told(version, by=by, reason=reason, at=at).save()
    for position, (asked, rule) in enumerate(zip(layers, made, strict=True), 1):
        row = Layer(
            version=version,
            position=position,
            zone=rule.zone,
            start_on=rule.start_date,
            handoff=rule.handoff,
            unit=rule.unit,
            every=rule.every,
            restrict=dict(asked.restrict),
        )
        row.full_clean()
        told(row, by=by, reason=reason, at=at).save()
        for place, person in enumerate(rule.people, 1):
            who = LayerPerson(layer=row, position=place, user_id=int(str(person)))
            told(who, by=by, reason=reason, at=at).save()
    return version


def _count_on(
    version: RosterVersion,
    old: Stretch | None,
    made: Sequence[rules.Layer],
    effective: datetime,
) -> None:
    """Each layer goes on counting shifts where the one it follows is at that instant."""
    for row in version.layers.order_by("position"):
        if old is None or row.position > len(old.layers):
            continue
        before, after = old.layers[row.position - 1], made[row.position - 1]
        reached = before.first_number + max(before.shift_number(effective), 0)
        row.first_number = max(reached - max(after.shift_number(effective), 0), 0)
        Layer.objects.filter(pk=row.pk).update(first_number=row.first_number)


def _refused(gaps: Sequence[rules.Shift]) -> DomainError:
    first = gaps[0]
    return Conflict(
        "roster_gaps",
        f"Nobody would answer {len(gaps)} time{'s' if len(gaps) > 1 else ''} in the next 60 days, "
        f"first from {first.start:%d %b %Y %H:%M} UTC. Name a fallback or accept the gaps.",
        gaps=[
            {"start_at": gap.start.isoformat(), "end_at": gap.end.isoformat()}
            for gap in gaps[:GAPS_TOLD]
        ],
    )
