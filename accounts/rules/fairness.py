"""How duty is shared, and whom it wears out (SEMANTICS 3.1).

Hours are real hours; nights (22 to 07) and weekends are local to the person. A page counts for who
was on duty. Balance is the mean over pairs of the smaller over the larger (Grafana's formula).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Any

from accounts.rules.service_hours import WEEKDAYS, Calendar
from accounts.rules.zones import zone_named

HOUR_US = 3_600_000_000
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
SHIFT_H = 12


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts as too much; the score reaches full weight at each. Two of them are Google's SRE
    book's: a quarter of the time, two incidents in 12 hours."""

    share: float = 0.25
    incidents_per_shift: float = 2
    night_pages: int = 3  # in any seven days
    rest: timedelta = timedelta(hours=11)
    broken_rests: int = 2
    days_in_row: int = 7
    weekends_in_row: int = 2
    over_mean: float = 1.25
    amber: int = 60
    red: int = 80


@dataclass(frozen=True, slots=True)
class Page:
    """`incident` tells pages of one incident from those of another."""

    at: datetime
    incident: Hashable


@dataclass(frozen=True, slots=True)
class Load:
    hours: float
    weekend_hours: float
    night_hours: float
    pages: int
    night_pages: int
    share: float
    incidents_per_shift: float
    night_pages_in_week: int
    broken_rests: int
    days_in_row: int
    weekends_in_row: int
    score: int
    level: str  # green, amber or red
    flags: tuple[str, ...]


def balance(values: Sequence[float]) -> float:
    """1: shared evenly; towards 0: one carries it. One value, or none at all, is even."""
    pairs = [(min(a, b) / max(a, b)) if max(a, b) > 0 else 1.0 for a, b in combinations(values, 2)]
    return sum(pairs) / len(pairs) if pairs else 1.0


def gini(values: Sequence[float]) -> float:
    total = sum(values)
    if not total:
        return 0.0
    apart = sum(abs(a - b) for a in values for b in values)
    return apart / (2 * len(values) * total)


def over_mean(values: Mapping[Any, float], limits: Limits | None = None) -> set[Any]:
    """Who carries more than 125 % of the mean, or as much as the limits say."""
    if not values:
        return set()
    mean, times = sum(values.values()) / len(values), (limits or Limits()).over_mean
    return {who for who, value in values.items() if value > times * mean}


def load_of(
    spans: Sequence[tuple[datetime, datetime]],
    pages: Sequence[Page],
    zone: str,
    period: timedelta,
    limits: Limits | None = None,
) -> Load:
    """The load of one person: `spans` on duty, `pages` received in them, in `period`."""
    limits = limits or Limits()
    hours = sum(((end - start) / timedelta(hours=1) for start, end in spans), 0.0)
    nights = sorted(page.at for page in pages if _nights(zone).is_open(page.at))
    share = hours / (period / timedelta(hours=1))
    incidents = len({page.incident for page in pages})
    per_shift = incidents / (hours / SHIFT_H) if hours else 0.0
    in_week = max((sum(at <= x < at + WEEK for x in nights) for at in nights), default=0)
    broken = _broken_rests(nights, sorted(page.at for page in pages), limits.rest)
    days = sorted(_days(spans, zone))
    in_row = _longest([day.toordinal() for day in days], 1)
    weekends = sorted({day.toordinal() - day.weekday() for day in days if day.weekday() >= 5})
    weekends_in_row = _longest(weekends, 7)
    score = int(
        0.5
        + 25 * min(1.0, share / limits.share)
        + 25 * min(1.0, per_shift / limits.incidents_per_shift)
        + 25 * min(1.0, in_week / limits.night_pages)
        + 15 * min(1.0, broken / limits.broken_rests)
        + 10 * min(1.0, in_row / limits.days_in_row)
    )
    told = (
        (share > limits.share, f"on call {share:.0%} of the time"),
        (per_shift > limits.incidents_per_shift, f"{per_shift:.1f} incidents in 12 hours"),
        (in_week >= limits.night_pages, f"{in_week} night pages in 7 days"),
        (
            broken > 0,
            f"under {limits.rest // HOUR} hours of rest after a night page, {broken} times",
        ),
        (in_row > limits.days_in_row, f"{in_row} days on call in a row"),
        (weekends_in_row >= limits.weekends_in_row, f"{weekends_in_row} weekends in a row"),
    )
    return Load(
        hours=hours,
        weekend_hours=_open_hours(_weekends(zone), spans),
        night_hours=_open_hours(_nights(zone), spans),
        pages=len(pages),
        night_pages=len(nights),
        share=share,
        incidents_per_shift=per_shift,
        night_pages_in_week=in_week,
        broken_rests=broken,
        days_in_row=in_row,
        weekends_in_row=weekends_in_row,
        score=score,
        level="red" if score >= limits.red else "amber" if score >= limits.amber else "green",
        flags=tuple(words for is_so, words in told if is_so),
    )


def _broken_rests(nights: Sequence[datetime], pages: Sequence[datetime], rest: timedelta) -> int:
    """Night pages after which another page came before the rest was over; pages within an hour
    belong to one disturbance."""
    return sum(any(at + HOUR < other < at + rest for other in pages) for at in nights)


def _open_hours(calendar: Calendar, spans: Iterable[tuple[datetime, datetime]]) -> float:
    return sum(calendar.elapsed_us(start, end) for start, end in spans) / HOUR_US


def _days(spans: Iterable[tuple[datetime, datetime]], zone: str) -> set[date]:
    tz = zone_named(zone)
    found: set[date] = set()
    for start, end in spans:
        first = start.astimezone(tz).date()
        last = (end - timedelta(microseconds=1)).astimezone(tz).date()
        found |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
    return found


def _longest(numbers: Sequence[int], step: int) -> int:
    """The longest run of sorted numbers that are `step` apart."""
    longest = run = 1 if numbers else 0
    for one, after in pairwise(numbers):
        run = run + 1 if after - one == step else 1
        longest = max(longest, run)
    return longest


@lru_cache(maxsize=256)
def _nights(zone: str) -> Calendar:
    return Calendar.of({"tz": zone, "weekly": {day: [["22:00", "07:00"]] for day in WEEKDAYS}})


@lru_cache(maxsize=256)
def _weekends(zone: str) -> Calendar:
    return Calendar.of(
        {"tz": zone, "weekly": {day: [["00:00", "24:00"]] for day in ("sat", "sun")}}
    )
