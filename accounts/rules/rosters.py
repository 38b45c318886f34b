"""Who is on duty (SEMANTICS 3.1).

A layer hands over at civil times counted from its anchor, never by adding seconds to the last
hand-off: shifts of a week last 167, 168 or 169 hours. `on_call` answers for an instant and
`shifts` cuts a period at every instant at which that answer can change, so that paging, pages and
feeds cannot disagree. People are opaque hashables.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from accounts.rules.service_hours import ALWAYS, Calendar
from accounts.rules.zones import UnknownZone, instant_of, zone_named

Person = Hashable
UNITS = ("hour", "day", "week", "month")
UNKNOWN = "gap (nobody known)"


class RosterError(ValueError):
    """A roster that cannot be. `code` is for machines, `sentence` for the person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation: hand-offs every `every` units from `start_date` at `handoff`, local to `zone`.

    Nobody is on duty before the first hand-off. `restrict` are weekly windows as in service hours
    (None: all the time). Shifts are numbered from `first_number` on, so that a layer that follows
    another goes on counting. Raises `RosterError` (unknown_zone, unknown_unit, bad_every,
    no_people) and `CalendarError` for bad windows.
    """

    zone: str
    start_date: date
    handoff: time
    unit: str
    people: tuple[Person, ...]
    every: int = 1
    restrict: Mapping | None = None
    first_number: int = 0
    hours: Calendar = field(init=False, repr=False, compare=False)
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            zone = zone_named(self.zone)
        except UnknownZone as error:
            raise RosterError("unknown_zone", str(error)) from None
        if self.unit not in UNITS:
            raise RosterError("unknown_unit", f"{self.unit!r}: use one of {', '.join(UNITS)}.")
        if self.every < 1:
            raise RosterError("bad_every", "A rotation hands over every 1 or more units.")
        if not self.people:
            raise RosterError("no_people", "A rotation needs at least one person.")
        hours = ALWAYS
        if self.restrict:
            hours = Calendar.of({"tz": self.zone, "weekly": self.restrict})
        object.__setattr__(self, "hours", hours)
        object.__setattr__(self, "_zone", zone)

    @classmethod
    def of(cls, spec: Mapping) -> Layer:
        """Read {tz, start_date, handoff, unit, every, people, restrict} with ISO texts."""
        return cls(
            zone=spec["tz"],
            start_date=date.fromisoformat(spec["start_date"]),
            handoff=time.fromisoformat(spec["handoff"]),
            unit=spec["unit"],
            every=spec.get("every", 1),
            people=tuple(spec["people"]),
            restrict=spec.get("restrict"),
        )

    def handoff_at(self, k: int) -> datetime:
        """The k-th hand-off in UTC. In a month without the day of the anchor: its last day."""
        anchor = datetime.combine(self.start_date, self.handoff)
        steps = k * self.every
        if self.unit == "month":
            years, month = divmod(anchor.month - 1 + steps, 12)
            year, month = anchor.year + years, month + 1
            day = min(anchor.day, monthrange(year, month)[1])
            wall = anchor.replace(year=year, month=month, day=day)
        else:
            wall = anchor + steps * timedelta(**{f"{self.unit}s": 1})
        return instant_of(self._zone, wall)

    def shift_number(self, at: datetime) -> int:
        """The number of the last hand-off at or before `at`; negative before the first."""
        wall = at.astimezone(self._zone).replace(tzinfo=None)
        anchor = datetime.combine(self.start_date, self.handoff)
        if self.unit == "month":
            units = (wall.year - anchor.year) * 12 + wall.month - anchor.month
        else:
            units = (wall - anchor) // timedelta(**{f"{self.unit}s": 1})
        k = units // self.every
        if k < -1:
            return -1  # well before the first hand-off: how far does not matter
        while self.handoff_at(k + 1) <= at:
            k += 1
        while k >= 0 and self.handoff_at(k) > at:
            k -= 1
        return k

    def shift_at(self, at: datetime) -> tuple[Person, int] | None:
        """Who is on duty by this layer alone, and the number of the shift."""
        k = self.shift_number(at)
        if k < 0 or not self.hours.is_open(at):
            return None
        return self.people[k % len(self.people)], self.first_number + k

    def person_at(self, at: datetime) -> Person | None:
        found = self.shift_at(at)
        return None if found is None else found[0]

    def shift_period(self, number: int) -> tuple[datetime, datetime]:
        """From hand-off to hand-off of the shift with this number."""
        k = number - self.first_number
        return self.handoff_at(k), self.handoff_at(k + 1)

    def edges(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Instants in the period at which the layer's answer can change."""
        k = max(self.shift_number(start), -1) + 1
        while (handoff := self.handoff_at(k)) < end:
            yield handoff
            k += 1
        for opens, closes in self.hours.windows(start, end):
            yield opens
            yield closes


@dataclass(frozen=True, slots=True)
class Override:
    """`person` is on duty in [start, end), whatever the layers say. None: nobody known is, and the
    layers do not answer for them.

    With `layer` it is one half of a swap: it counts only while `instead_of` would be on duty by
    that layer, and so leaves alone what was never theirs to give. `key` is stable, for feeds.
    """

    start: datetime
    end: datetime
    person: Person | None
    layer: int | None = None
    instead_of: Person | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Absence:
    """`person` is away in [start, end): never on duty, by layer or by override."""

    start: datetime
    end: datetime
    person: Person


@dataclass(frozen=True, slots=True)
class Duty:
    """Who answers. `source` is "layer1" (the lowest) and up, "override", "fallback", "gap", or
    "gap (away: A)" when only absent people would have been on duty, or UNKNOWN for a stand-in whom
    nobody knows. `key` names what decided: the
    shift of a layer ("1.12": layer 1, shift 12) or the override."""

    person: Person | None
    source: str
    key: str = field(default="", compare=False)

    @property
    def is_gap(self) -> bool:
        return self.person is None


@dataclass(frozen=True, slots=True)
class Shift:
    """The same duty throughout [start, end), in UTC."""

    start: datetime
    end: datetime
    duty: Duty

    @property
    def person(self) -> Person | None:
        return self.duty.person

    @property
    def source(self) -> str:
        return self.duty.source


def on_call(
    layers: Sequence[Layer],
    overrides: Sequence[Override],
    absences: Sequence[Absence],
    at: datetime,
    fallback: Person | None = None,
) -> Duty:
    """Who is on duty at `at`. Later overrides of the list win over earlier ones, overrides over
    layers, higher layers over lower, anybody over `fallback`; whoever is absent makes room for
    the next below."""
    absent = {absence.person for absence in absences if absence.start <= at < absence.end}
    away: list[Person] = []
    for duty in _candidates(layers, overrides, at, fallback):
        if duty.person not in absent:
            return duty
        if duty.person not in away:
            away.append(duty.person)
    if away:
        return Duty(None, f"gap (away: {', '.join(map(str, away))})")
    return Duty(None, "gap")


def shifts(
    layers: Sequence[Layer],
    overrides: Sequence[Override],
    absences: Sequence[Absence],
    start: datetime,
    end: datetime,
    fallback: Person | None = None,
    *,
    by_key: bool = False,
) -> list[Shift]:
    """The period cut into shifts, gaps included; neighbours with one person and source are one.
    `by_key`: only if they have one key too, so that each hand-off begins a shift."""
    if start >= end:
        return []
    edges = {start}
    for layer in layers:
        edges.update(layer.edges(start, end))
    periods: list[Override | Absence] = [*overrides, *absences]
    for each in periods:
        edges.update((each.start, each.end))
    cuts = sorted(edge.astimezone(UTC) for edge in edges if start <= edge < end)
    found: list[Shift] = []
    for cut, until in zip(cuts, [*cuts[1:], end.astimezone(UTC)], strict=True):
        duty = on_call(layers, overrides, absences, cut, fallback)
        if found and found[-1].duty == duty and not (by_key and found[-1].duty.key != duty.key):
            found[-1] = Shift(found[-1].start, until, found[-1].duty)
        elif cut < until:
            found.append(Shift(cut, until, duty))
    return found


def _candidates(
    layers: Sequence[Layer],
    overrides: Sequence[Override],
    at: datetime,
    fallback: Person | None,
) -> Iterator[Duty]:
    planned = []
    for number in range(len(layers), 0, -1):
        shift = layers[number - 1].shift_at(at)
        if shift is not None:
            planned.append((number, Duty(shift[0], f"layer{number}", f"{number}.{shift[1]}")))
    top = (planned[0][0], planned[0][1].person) if planned else None
    for override in reversed(overrides):
        if not override.start <= at < override.end:
            continue
        if override.layer is None or top == (override.layer, override.instead_of):
            source = UNKNOWN if override.person is None else "override"
            yield Duty(override.person, source, override.key)
    for _, duty in planned:
        yield duty
    if fallback is not None:
        yield Duty(fallback, "fallback", "fallback")
