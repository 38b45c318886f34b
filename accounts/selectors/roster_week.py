"""One week of a roster as a grid of bars and as a list of days, in the reader's zone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from accounts.models import Roster, User
from accounts.rules.rosters import Duty, Shift
from accounts.rules.zones import instant_of, zone_named
from accounts.selectors.roster_gaps import why_gap
from accounts.selectors.rosters import Plan, person_id, plan_of

TINTS = 6
# Per cent of the week from which a bar shows the full name, the first name, initials.
WIDE, MIDDLE, NARROW = 9.0, 4.5, 1.8


@dataclass(frozen=True, slots=True)
class Bar:
    """`x` and `width` are per cent of the week; `tint` numbers the person's colour."""

    x: str
    width: str
    label: str
    begins: str
    title: str
    kind: str
    tint: int


@dataclass(frozen=True, slots=True)
class Lane:
    name: str
    bars: tuple[Bar, ...]
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What the list of a day says of one shift; `title` has the roster's own time."""

    begins: str
    ends: str
    name: str
    note: str
    title: str
    kind: str
    tint: int
    is_now: bool


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    x: str
    is_today: bool
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class RosterWeek:
    roster: Roster
    start: datetime
    end: datetime
    zone: str
    roster_zones: str
    monday: date
    previous: date
    following: date
    is_this_week: bool
    now_x: str
    lanes: tuple[Lane, ...]
    days: tuple[Day, ...]
    people: tuple[tuple[str, int], ...]


def week_of(roster: Roster, day: date, viewer: User, at: datetime) -> RosterWeek:
    """The local week of `day` in the viewer's zone: 167 or 169 hours when clocks change. Seven
    queries."""
    zone = zone_named(viewer.time_zone)
    monday = day - timedelta(days=day.weekday())
    dates = [monday + timedelta(days=n) for n in range(8)]
    midnights = [instant_of(zone, datetime.combine(each, time())) for each in dates]
    start, end = midnights[0], midnights[-1]
    plan = plan_of(roster, start, end, at)
    rows = plan.shifts(start, end)
    sheet = _Sheet(plan, start, end, zone)
    today = at.astimezone(zone).date()
    return RosterWeek(
        roster=roster,
        start=start,
        end=end,
        zone=viewer.time_zone,
        roster_zones=", ".join(sheet.zones),
        monday=monday,
        previous=monday - timedelta(days=7),
        following=monday + timedelta(days=7),
        is_this_week=start <= at < end,
        now_x=sheet.x(at) if start <= at < end else "",
        lanes=tuple(sheet.lanes(rows)),
        days=tuple(
            Day(each, sheet.x(first), each == today, tuple(sheet.entries(rows, first, last, at)))
            for each, first, last in zip(dates, midnights, midnights[1:], strict=False)
        ),
        people=tuple((str(person), sheet.tints[pk]) for pk, person in sheet.people.items()),
    )


class _Sheet:
    """What all bars of one week share."""

    def __init__(self, plan: Plan, start: datetime, end: datetime, zone: ZoneInfo) -> None:
        self.plan, self.start, self.end, self.zone = plan, start, end, zone
        layers = [layer for stretch in plan.stretches for layer in stretch.layers]
        self.zones = list(dict.fromkeys(layer.zone for layer in layers))
        ids = [int(str(person)) for layer in layers for person in layer.people]
        ids += [int(str(each.person)) for each in plan.overrides if each.person is not None]
        ids += [stretch.fallback for stretch in plan.stretches if stretch.fallback is not None]
        found = User.objects.in_bulk(ids)
        self.people = {pk: found[pk] for pk in dict.fromkeys(ids)}
        self.tints = {pk: place % TINTS for place, pk in enumerate(self.people)}

    def x(self, at: datetime) -> str:
        return f"{(at - self.start) / (self.end - self.start) * 100:.3f}%"

    def name(self, pk: int | None) -> str:
        return "Gap" if pk is None else str(self.people[pk])

    def lanes(self, rows: Sequence[Shift]) -> Iterable[Lane]:
        yield Lane("On call", tuple(map(self.bar, rows)), is_final=True)
        stand_ins = [
            Shift(
                max(each.start, self.start),
                min(each.end, self.end),
                Duty(each.person, "override", each.key),
            )
            for each in self.plan.overrides
            if each.layer is None
        ]
        keys = {each.key for each in self.plan.overrides if each.layer is not None}
        halves = [row for row in rows if row.duty.key in keys]
        if halves:
            yield Lane("Swapped", tuple(map(self.bar, halves)))
        if stand_ins:
            yield Lane("Stand-ins", tuple(map(self.bar, stand_ins)))
        most = max((len(stretch.layers) for stretch in self.plan.stretches), default=0)
        for position in range(most, 0, -1):
            bars: list[Bar] = []
            for stretch in self.plan.stretches:
                if position > len(stretch.layers):
                    continue
                first, last = max(self.start, stretch.start), min(self.end, stretch.end)
                layer = stretch.layers[position - 1]
                alone = replace(stretch, layers=(layer,), fallback=None)
                one = Plan(self.plan.roster_id, (alone,), (), ())
                found = one.shifts(first, last) if first < last else []
                bars += [self.bar(row) for row in found if not row.duty.is_gap]
            yield Lane(f"Layer {position}", tuple(bars))

    def bar(self, row: Shift) -> Bar:
        pk = person_id(row)
        part = (row.end - row.start) / (self.end - self.start) * 100
        name = self.name(pk)
        words = name.split()
        short = words[0] if part >= MIDDLE else "".join(word[0] for word in words[:2])
        return Bar(
            x=self.x(row.start),
            width=f"{part:.3f}%",
            label=name if part >= WIDE else short if part >= NARROW else "",
            begins="" if part < MIDDLE or row.start <= self.start else self.clock(row.start),
            title=f"{name}, {self.span(row)}{self.own_time(row)}",
            kind="gap" if pk is None else "person",
            tint=0 if pk is None else self.tints[pk],
        )

    def entries(
        self, rows: Sequence[Shift], first: datetime, last: datetime, at: datetime
    ) -> Iterable[Entry]:
        for row in rows:
            if row.start >= last or row.end <= first:
                continue
            pk = person_id(row)
            yield Entry(
                begins="00:00" if row.start <= first else self.clock(row.start),
                ends="24:00" if row.end >= last else self.clock(row.end),
                name=self.name(pk),
                note=self.note(row),
                title=f"{self.span(row)}{self.own_time(row)}",
                kind="gap" if pk is None else "person",
                tint=0 if pk is None else self.tints[pk],
                is_now=row.start <= at < row.end and first <= at < last,
            )

    def note(self, row: Shift) -> str:
        if row.duty.is_gap:
            return why_gap(row).lower().removesuffix(".")
        return {"override": "stands in", "fallback": "fallback"}.get(row.source, "")

    def clock(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%H:%M}"

    def span(self, row: Shift) -> str:
        first, last = row.start.astimezone(self.zone), row.end.astimezone(self.zone)
        return f"{first:%a %d %b %H:%M} to {last:%a %d %b %H:%M} {self.zone.key}"

    def own_time(self, row: Shift) -> str:
        """The same in the roster's zones, where those differ from the reader's."""
        said = []
        for name in self.zones:
            if name != self.zone.key:
                first, last = (each.astimezone(ZoneInfo(name)) for each in (row.start, row.end))
                said.append(f"; {first:%a %H:%M} to {last:%a %H:%M} {name}")
        return "".join(said)
