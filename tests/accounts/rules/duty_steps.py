"""A second opinion on rosters: every quarter of an hour asked by itself, from a plain ledger.

Nothing here is shared with the rules: hand-offs are found by walking a table of local times, and
what was known when is read off a list of acts.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@lru_cache(maxsize=64)
def walls(zone: str, first: datetime, days: int) -> list[datetime]:
    """What the clock on the wall shows at each quarter from `first` on."""
    tz = ZoneInfo(zone)
    return [(first + n * QUARTER).astimezone(tz).replace(tzinfo=None) for n in range(days * 96)]


@dataclass
class StepLayer:
    zone: str
    start_on: date
    handoff: time
    unit: str
    every: int
    people: Sequence[Any]
    windows: dict[str, list[tuple[time, time]]]
    first: datetime
    days: int
    handoffs: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        shown, wanted, k = walls(self.zone, self.first, self.days), self.wall(0), 0
        for place, wall in enumerate(shown):
            while wall >= wanted:
                self.handoffs.append(place)
                k += 1
                wanted = self.wall(k)

    def wall(self, k: int) -> datetime:
        """Stepped one unit at a time from the first day, months by their own last day."""
        day, clock = self.start_on, self.handoff
        if self.unit == "hour":
            return datetime.combine(day, clock) + timedelta(hours=k * self.every)
        if self.unit == "month":
            year, month = day.year, day.month
            for _ in range(k * self.every):
                year, month = (year + 1, 1) if month == 12 else (year, month + 1)
            return datetime.combine(
                date(year, month, min(day.day, monthrange(year, month)[1])), clock
            )
        days = k * self.every * (7 if self.unit == "week" else 1)
        return datetime.combine(date.fromordinal(day.toordinal() + days), clock)

    def person(self, place: int) -> Any:
        reached = bisect_right(self.handoffs, place)
        wall = walls(self.zone, self.first, self.days)[place]
        is_open = not self.windows or any(
            a <= wall.time() < b for a, b in self.windows.get(DAYS[wall.weekday()], ())
        )
        return self.people[(reached - 1) % len(self.people)] if reached and is_open else None


@dataclass
class Act:
    """`what` is version, override or absence; from `start` until `end`, told from `recorded` on
    until `withdrawn`."""

    what: str
    start: datetime
    end: datetime | None
    who: Any
    recorded: datetime
    withdrawn: datetime | None = None
    layers: Sequence[StepLayer] = ()
    instead_of: tuple[int, Any] | None = None

    def was_known(self, at: datetime) -> bool:
        return self.recorded <= at and (self.withdrawn is None or self.withdrawn > at)

    def covers(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)


def on_duty(acts: Sequence[Act], first: datetime, at: datetime, known_at: datetime) -> Any:
    """Who answers at `at` as was known at `known_at`; None in a gap. `at` is on a quarter."""
    known = [act for act in acts if act.was_known(known_at) and act.covers(at)]
    place = (at.astimezone(UTC) - first) // QUARTER
    versions = sorted((act for act in known if act.what == "version"), key=lambda act: act.start)
    layers = versions[-1].layers if versions else ()
    planned = [(n, layer.person(place)) for n, layer in enumerate(layers, 1)]
    planned = [(n, who) for n, who in reversed(planned) if who is not None]
    away = {act.who for act in known if act.what == "absence"}
    order = []
    for act in reversed(known):
        if act.what == "override" and (
            act.instead_of is None or (planned and planned[0] == act.instead_of)
        ):
            order.append(act.who)
    order += [who for _, who in planned]
    if versions and versions[-1].who is not None:
        order.append(versions[-1].who)
    return next((who for who in order if who not in away), None)
