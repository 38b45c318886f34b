"""The seasonal band of a KPI: which values share a bucket, and what they teach (SEMANTICS 5.2).

The centre is the median and the spread comes from the MAD, so that one wild value neither moves
the band nor hides the next drop. A day is judged by values of earlier days alone.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import chain
from zoneinfo import ZoneInfo

from escalations.rules.metrics import median, percentile
from escalations.rules.thresholds import Bands, Mode, ThresholdRule

WARN_K = 3.5
BREACH_K = 5.0
EVENT_K = 8.0  # while a known event (promotion, release) is on
MAD_TO_SPREAD = 1.4826  # makes the MAD of a normal distribution its standard deviation
IQR_TO_SPREAD = 1.349
LEAST_SHARE = 0.01  # of the median: no band is narrower than this


@dataclass(frozen=True, slots=True)
class Baseline:
    """Centre and spread in the KPI's own unit, and how many values they rest on."""

    centre: float
    spread: float
    count: int

    def band(self, k: float) -> tuple[float, float]:
        """(low, high): centre -+ k spreads. A value on the edge is inside."""
        return self.centre - k * self.spread, self.centre + k * self.spread

    @property
    def warn(self) -> tuple[float, float]:
        return self.band(WARN_K)

    @property
    def breach(self) -> tuple[float, float]:
        return self.band(BREACH_K)


def baseline(values: Sequence[float], *, resolution: float = 0.0) -> Baseline | None:
    """The baseline of the values of one bucket, or None when there are none.

    `resolution` is the smallest step the KPI can take. The spread never falls below it, nor below
    1 % of the median, nor below what the quartiles of the residuals say.
    """
    finite = [value for value in values if math.isfinite(value)]
    centre = median(finite)
    if centre is None:
        return None
    residuals = [value - centre for value in finite]
    mad = median([abs(residual) for residual in residuals])
    upper, lower = percentile(residuals, 0.75), percentile(residuals, 0.25)
    assert mad is not None and upper is not None and lower is not None  # of one value at least
    iqr = upper - lower
    spread = max(MAD_TO_SPREAD * mad, LEAST_SHARE * abs(centre), iqr / IQR_TO_SPREAD, resolution)
    return Baseline(centre, spread, len(finite))


# --- which values share a bucket -----------------------------------------------------------------
DAY_S, WEEK_S = 86_400, 7 * 86_400
LAST = 8  # occurrences of a bucket that count
LEAST = 3  # fewer teach nothing
HOURS_OF_WEEK_FROM = timedelta(weeks=3)  # of data; until then an hour is an hour of any day
LOOK_BACK_WEEKS = 12  # room for four gaps; what is older is no longer usual


class Buckets(StrEnum):
    HOUR_OF_WEEK = "hour_of_week"
    HOUR_OF_DAY = "hour_of_day"
    DAY_OF_WEEK = "day_of_week"
    ANY_DAY = "any_day"  # grains of more than a week fall on no weekday of their own


HOURLY = frozenset({Buckets.HOUR_OF_WEEK, Buckets.HOUR_OF_DAY})


def buckets_for(grain_s: int, first_on: date | None, day: date) -> Buckets:
    """How the values that judge `day` are grouped; `first_on` is the day of the first value."""
    if grain_s > WEEK_S:
        return Buckets.ANY_DAY
    if grain_s >= DAY_S:
        return Buckets.DAY_OF_WEEK
    if first_on is None or day - first_on < HOURS_OF_WEEK_FROM:
        return Buckets.HOUR_OF_DAY
    return Buckets.HOUR_OF_WEEK


def look_back(grain_s: int) -> timedelta:
    """How far before its day a value may lie to count."""
    return max(timedelta(weeks=LOOK_BACK_WEEKS), timedelta(seconds=LOOK_BACK_WEEKS * grain_s))


def place_in_day(wall: datetime, buckets: Buckets | str) -> int:
    """The bucket of a local time within its own day: the hour, or 0 for the whole day."""
    return wall.hour if buckets in HOURLY else 0


@dataclass(frozen=True, slots=True)
class Learned:
    """What one local day is judged by: bands by place in the day; thin buckets are absent."""

    day: date
    buckets: Buckets
    bands: dict[int, Baseline]


def learn(
    points: Iterable[tuple[datetime, float]],
    days: Iterable[date],
    *,
    zone: ZoneInfo,
    grain_s: int,
    first_on: date | None,
) -> Iterator[Learned]:
    """Walk forward through `days`: each is learned from values of strictly earlier local days.

    `points` are all values from `look_back` before the first day on, in any order. Values of one
    local time, such as those of a repeated hour, count once, by their mean; of an hour or a day
    the last eight occurrences count, with all the values that finer grains have in them.
    """
    told: dict[date, dict[datetime, list[float]]] = {}
    for at, value in points:
        wall = at.astimezone(zone).replace(tzinfo=None, fold=0)
        told.setdefault(wall.date(), {}).setdefault(wall, []).append(value)
    earlier = deque(sorted(told))
    wanted = [(day, buckets_for(grain_s, first_on, day)) for day in sorted(set(days))]
    kinds = {buckets for _, buckets in wanted}
    kept: dict[tuple[Buckets, int, int], deque[tuple[date, list[float]]]] = {}
    for day, buckets in wanted:
        while earlier and earlier[0] < day:
            _keep(kept, kinds, earlier[0], told[earlier.popleft()])
        oldest = day - look_back(grain_s)
        bands = {}
        for place in range(24 if buckets in HOURLY else 1):
            days_kept = kept.get((buckets, _weekday(day, buckets), place), ())
            counted = [values for when, values in days_kept if when >= oldest]
            if len(counted) >= LEAST and (band := baseline(list(chain(*counted)))) is not None:
                if math.isfinite(band.spread):
                    bands[place] = band
        yield Learned(day, buckets, bands)


def _weekday(day: date, buckets: Buckets) -> int:
    return day.weekday() if buckets in (Buckets.HOUR_OF_WEEK, Buckets.DAY_OF_WEEK) else 0


def _keep(
    kept: dict[tuple[Buckets, int, int], deque[tuple[date, list[float]]]],
    kinds: Iterable[Buckets],
    day: date,
    told: dict[datetime, list[float]],
) -> None:
    for buckets in kinds:
        occurred: dict[int, list[float]] = {}
        for wall, values in told.items():
            place = place_in_day(wall, buckets)
            occurred.setdefault(place, []).append(sum(values) / len(values))
        for place, means in occurred.items():
            key = (buckets, _weekday(day, buckets), place)
            kept.setdefault(key, deque(maxlen=LAST)).append((day, means))


def learned_rule(
    rule: ThresholdRule, band: Baseline | None, *, is_event: bool = False
) -> ThresholdRule | None:
    """The rule that judges one point; None when it cannot be judged, for want of a band.

    Learned limits count on the bad side, for a range on both. Inside the warn band is cleared,
    of warn and of breach alike. In mode `both` the tighter of the two limits counts each time,
    which is the worse of the two judgements; without a band the static limits judge alone.

    During a known event a breach lies 8 spreads out at least, and warn further out in proportion.
    """
    if rule.mode == Mode.STATIC:
        return rule
    if band is None:
        return rule if rule.mode == Mode.BOTH else None
    spread = max(band.spread, rule.resolution)
    wider = max(EVENT_K / rule.breach_k, 1.0) if is_event else 1.0
    limits: dict[str, float] = {}
    for side in rule.bands.sides:
        sign, tighter = (-1, max) if side == "lo" else (1, min)
        warn = band.centre + sign * rule.warn_k * wider * spread
        breach = band.centre + sign * rule.breach_k * wider * spread
        for level, limit in (
            ("warn", warn),
            ("breach", breach),
            ("clear_warn", warn),
            ("clear_breach", warn),
        ):
            static = getattr(rule.bands, f"{level}_{side}") if rule.mode == Mode.BOTH else None
            limits[f"{level}_{side}"] = limit if static is None else tighter(limit, static)
    return replace(rule, bands=Bands(rule.bands.direction, **limits))
