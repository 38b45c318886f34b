"""When a planned window lasts, and what it covers. Times of repeating windows are local."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from accounts.rules.zones import instant_of, zone_named

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Repeat:
    """On each of these weekdays (0 is Monday) from `starts` to `ends`, local time of `zone`; past
    midnight where `ends` is not later than `starts`. `until` is the last local day it starts on."""

    weekdays: frozenset[int]
    starts: time
    ends: time
    zone: str
    until: date | None = None


def next_occurrence(repeat: Repeat, after: datetime) -> tuple[datetime, datetime] | None:
    """The first occurrence, in UTC, that ends later than `after`; None when all are over.

    A start that a clock change skips is the first instant after it; one that comes twice is its
    first, an end its last (SEMANTICS 1.3).
    """
    zone = zone_named(repeat.zone)
    day = after.astimezone(zone).date() - DAY
    for _ in range(10):
        if repeat.until is not None and day > repeat.until:
            return None
        if day.weekday() in repeat.weekdays:
            last = day + DAY if repeat.ends <= repeat.starts else day
            start = instant_of(zone, datetime.combine(day, repeat.starts))
            end = instant_of(zone, datetime.combine(last, repeat.ends), last=True)
            if end > after and end > start:
                return start.astimezone(UTC), end.astimezone(UTC)
        day += DAY
    return None


def longest(repeat: Repeat) -> timedelta:
    """How long one occurrence lasts on an ordinary day."""
    start, end = (timedelta(hours=t.hour, minutes=t.minute) for t in (repeat.starts, repeat.ends))
    return end - start if end > start else end - start + DAY


@dataclass(frozen=True, slots=True)
class Scope:
    """Every part that is named must fit; an empty part fits all."""

    kpi: int | None = None
    source: str = ""
    account: int | None = None
    product_area: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.kpi or self.source or self.account or self.product_area)

    def covers(self, of: Scope) -> bool:
        return not self.is_empty and all(
            not mine or mine == theirs
            for mine, theirs in (
                (self.kpi, of.kpi),
                (self.source, of.source),
                (self.account, of.account),
                (self.product_area, of.product_area),
            )
        )
