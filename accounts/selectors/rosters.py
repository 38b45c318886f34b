"""Who is on call: the one resolver behind paging, pages, gaps, feeds and back-tests."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from django.db.models import Q, QuerySet

from accounts.models import Absence, Layer, Override, Roster, RosterVersion, User
from accounts.rules import rosters as rules
from accounts.selectors.contact_methods import reachable

NEVER = datetime.max.replace(tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
KEPT = 512
# Layers of versions that have begun. Beside the key the time of recording: what was rolled back may
# leave its key to another version.
Sealed = tuple[int, datetime]
_sealed: dict[Sealed, tuple[rules.Layer, ...]] = {}


def clear_caches() -> None:
    _sealed.clear()


@dataclass(frozen=True, slots=True)
class Stretch:
    """One version while it is in force."""

    start: datetime
    end: datetime
    version_id: int
    layers: tuple[rules.Layer, ...]
    fallback: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that decides who is on call in one roster in a period, as known at one instant.

    People are user ids. Good for the period it was asked for, no further.
    """

    roster_id: int
    stretches: tuple[Stretch, ...]
    overrides: tuple[rules.Override, ...]
    absences: tuple[rules.Absence, ...]

    def stretch_at(self, at: datetime) -> Stretch | None:
        """The version in force; None before the first."""
        place = bisect_right(self.stretches, at, key=lambda stretch: stretch.start) - 1
        return self.stretches[place] if place >= 0 else None

    def on_call(self, at: datetime) -> rules.Duty:
        found = self.stretch_at(at)
        layers, fallback = (found.layers, found.fallback) if found else ((), None)
        return rules.on_call(layers, self.overrides, self.absences, at, fallback)

    def shifts(self, start: datetime, end: datetime, *, by_key: bool = False) -> list[rules.Shift]:
        """The period cut into shifts, gaps included (see `rules.shifts`), over all versions."""
        found: list[rules.Shift] = []
        for stretch in (None, *self.stretches):
            begins, ends = start, end
            if stretch is not None:
                begins, ends = max(start, stretch.start), min(end, stretch.end)
            elif self.stretches:
                ends = min(end, self.stretches[0].start)
            layers, fallback = (stretch.layers, stretch.fallback) if stretch else ((), None)
            for shift in rules.shifts(
                layers, self.overrides, self.absences, begins, ends, fallback, by_key=by_key
            ):
                last = found[-1] if found else None
                is_same = last is not None and last.duty == shift.duty
                if (
                    last is not None
                    and is_same
                    and not (by_key and last.duty.key != shift.duty.key)
                ):
                    found[-1] = rules.Shift(last.start, shift.end, last.duty)
                else:
                    found.append(shift)
        return found


def plans(
    rosters: Iterable[Roster | int], start: datetime, end: datetime, known_at: datetime
) -> dict[int, Plan]:
    """Roster id -> its plan in [start, end) as known at `known_at`. At most six queries, whatever
    the number of rosters; four where every version has begun and was seen before.

    Who left is away for good from that instant, if it was known.
    """
    ids = [roster if isinstance(roster, int) else roster.pk for roster in rosters]
    stretches = _stretches(ids, end, known_at)
    overrides: dict[int, list[rules.Override]] = defaultdict(list)
    rows = Override.objects.filter(
        _still_known(known_at), roster__in=ids, start_at__lt=end, end_at__gt=start
    )
    for row in rows.order_by("recorded_at", "id"):
        overrides[row.roster_id].append(
            rules.Override(
                row.start_at, row.end_at, row.user_id, row.layer, row.instead_of_id, f"o{row.pk}"
            )
        )
    away = _away(_people(stretches, overrides), start, end, known_at)
    found = {}
    for pk in ids:
        here = _people({pk: stretches.get(pk, [])}, {pk: overrides.get(pk, [])})
        absences = tuple(each for person in sorted(here) for each in away.get(person, ()))
        found[pk] = Plan(pk, tuple(stretches.get(pk, ())), tuple(overrides.get(pk, ())), absences)
    return found


def plan_of(roster: Roster, start: datetime, end: datetime, known_at: datetime) -> Plan:
    return plans([roster], start, end, known_at)[roster.pk]


def on_call(roster: Roster, at: datetime, known_at: datetime | None = None) -> rules.Duty:
    """Who answers for `roster` at `at`, as known at `known_at` (default: at that instant).

    For a time ahead give `known_at`. `Duty.person` is a user id.
    """
    return plan_of(roster, at, at + INSTANT, known_at or at).on_call(at)


def person_on_call(roster: Roster, at: datetime) -> int | None:
    """The id of the person who answers for `roster` now; None in a gap."""
    return person_id(on_call(roster, at))


def person_id(duty: rules.Duty | rules.Shift) -> int | None:
    assert duty.person is None or isinstance(duty.person, int), "our rosters hold user ids"
    return duty.person


def people_on_call(rosters: Iterable[Roster], at: datetime) -> dict[int, list[str]]:
    """User id -> names of the rosters he or she answers for now; unreachable people left out."""
    named = {roster.pk: roster.name for roster in rosters}
    duties: dict[int, list[str]] = {}
    for pk, plan in plans(named, at, at + INSTANT, at).items():
        person = person_id(plan.on_call(at))
        if person is not None:
            duties.setdefault(person, []).append(named[pk])
    there = set(reachable(User.objects.filter(pk__in=duties)).values_list("pk", flat=True))
    return {person: names for person, names in duties.items() if person in there}


def participants(versions: Sequence[int]) -> QuerySet[User]:
    """The people named in these roster versions, by name."""
    ids = [
        place for layers in layers_of(versions).values() for each in layers for place in each.people
    ]
    return User.objects.filter(pk__in={int(str(pk)) for pk in ids}).order_by(
        "first_name", "last_name", "pk"
    )


def layers_of(versions: Sequence[int]) -> dict[int, tuple[rules.Layer, ...]]:
    """Version id -> its layers, lowest first. Layers without people are no layers. Two queries."""
    found: dict[int, list[rules.Layer]] = {pk: [] for pk in versions}
    rows = Layer.objects.filter(version__in=versions).prefetch_related("people")
    for row in rows.order_by("version", "position"):
        people = tuple(place.user_id for place in row.people.all())
        if people:
            found[row.version_id].append(rule_of(row, people))
    return {pk: tuple(layers) for pk, layers in found.items()}


def rule_of(row: Layer, people: Sequence[int]) -> rules.Layer:
    return rules.Layer(
        zone=row.zone,
        start_date=row.start_on,
        handoff=row.handoff,
        unit=row.unit,
        every=row.every,
        people=tuple(people),
        restrict=row.restrict or None,
        first_number=row.first_number,
    )


def _still_known(known_at: datetime) -> Q:
    """Recorded by then and not yet withdrawn."""
    is_withdrawn_later = Q(withdrawn_at=None) | Q(withdrawn_at__gt=known_at)
    return is_withdrawn_later & Q(recorded_at__lte=known_at)


def _stretches(ids: Sequence[int], end: datetime, known_at: datetime) -> dict[int, list[Stretch]]:
    versions: dict[int, list[RosterVersion]] = defaultdict(list)
    rows = RosterVersion.objects.filter(
        _still_known(known_at), roster__in=ids, effective_from__lt=end
    )
    for row in rows.order_by("effective_from", "number"):
        versions[row.roster_id].append(row)
    missing = [r.pk for rows in versions.values() for r in rows if _seal(r) not in _sealed]
    layers = layers_of(missing) if missing else {}
    found: dict[int, list[Stretch]] = {}
    for pk, mine in versions.items():
        ends = [after.effective_from for _, after in pairwise(mine)] + [NEVER]
        found[pk] = [
            Stretch(
                row.effective_from,
                until,
                row.pk,
                layers[row.pk] if row.pk in layers else _sealed[_seal(row)],
                row.fallback_id,
            )
            for row, until in zip(mine, ends, strict=True)
        ]
        begun = [r for r in mine if r.pk in layers and r.effective_from <= known_at]
        _keep({_seal(r): layers[r.pk] for r in begun})
    return found


def _seal(version: RosterVersion) -> Sealed:
    return version.pk, version.recorded_at


def _keep(layers: Mapping[Sealed, tuple[rules.Layer, ...]]) -> None:
    """A version's layers never change once it is in force."""
    if len(_sealed) + len(layers) > KEPT:
        _sealed.clear()
    _sealed.update(layers)


def _people(
    stretches: Mapping[int, Sequence[Stretch]], overrides: Mapping[int, Sequence[rules.Override]]
) -> set[int]:
    found: set[int] = set()
    for rows in stretches.values():
        for row in rows:
            found.update(int(str(person)) for layer in row.layers for person in layer.people)
            found.update(() if row.fallback is None else (row.fallback,))
    for stand_ins in overrides.values():
        found.update(int(str(each.person)) for each in stand_ins if each.person is not None)
    return found


def _away(
    people: Iterable[int], start: datetime, end: datetime, known_at: datetime
) -> dict[int, list[rules.Absence]]:
    found: dict[int, list[rules.Absence]] = defaultdict(list)
    people = list(people)
    rows = Absence.objects.filter(
        _still_known(known_at), user__in=people, start_at__lt=end, end_at__gt=start
    )
    for user, begins, ends in rows.values_list("user", "start_at", "end_at"):
        found[user].append(rules.Absence(begins, ends, user))
    left = User.objects.filter(pk__in=people, left_at__lt=end, left_at__lte=known_at)
    for user, left_at in left.values_list("pk", "left_at"):
        assert left_at is not None, "filtered above"
        found[user].append(rules.Absence(left_at, NEVER, user))
    return found
