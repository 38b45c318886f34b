"""The geometry of charts: where a time, a value and a step of an axis lie. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MARGIN = 0.06  # of the height, so that no line runs along the edge
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TIME_STEPS = (
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    30 * DAY,
    60 * DAY,
    120 * DAY,
)


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low`..`high` in the unit of the data to `start`..`end` in the drawing."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Values outside lie on the edge: a band that goes on for ever ends with the drawing."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def value_scale(values: Iterable[float], *, top: float, bottom: float) -> Scale:
    """A scale that holds all the values with room above and below. `top` is drawn first."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    largest = max(abs(low), abs(high))
    if largest >= 1e300:  # the span itself would not be finite: such values lie on the edge
        return Scale(-1e301, 1e301, bottom, top)
    span = high - low
    room = (span if span > 0 else max(largest, 1.0)) * MARGIN
    return Scale(low - room, high + room, bottom, top)


def value_steps(low: float, high: float, *, most: int = 6) -> list[float]:
    """Round values between `low` and `high` for the lines of the grid."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return []
    rough = span / most
    size = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 0.0
    if size == 0.0:
        return []
    step = next(size * each for each in STEPS if size * each >= rough)
    first = math.ceil(low / step)
    return [round(place * step, 12) for place in range(first, math.floor(high / step) + 1)]


def time_steps(start: datetime, end: datetime, *, most: int = 7) -> list[datetime]:
    """Round times between the two, on whole steps from midnight of the first day."""
    step = next((each for each in TIME_STEPS if (end - start) / each <= most), TIME_STEPS[-1])
    at = start.replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    while at <= end:
        if at >= start:
            found.append(at)
        at += step
    return found


def line(points: Sequence[tuple[float, float] | None]) -> str:
    """The path through the points; None breaks it. A point alone is drawn as a short stroke."""
    parts: list[str] = []
    is_on = False
    for place, point in enumerate(points):
        if point is None:
            is_on = False
            continue
        x, y = point
        parts.append(f"{'L' if is_on else 'M'}{x:.1f} {y:.1f}")
        follower = points[place + 1] if place + 1 < len(points) else None
        if not is_on and follower is None:
            parts.append("h.1")
        is_on = True
    return "".join(parts)


def area(edges: Sequence[tuple[float, float, float] | None]) -> str:
    """Areas between two lines, given as (x, upper, lower); None ends one and the next begins."""
    parts: list[str] = []
    run: list[tuple[float, float, float]] = []
    for edge in [*edges, None]:
        if edge is not None:
            run.append(edge)
            continue
        if len(run) > 1:
            there = "L".join(f"{x:.1f} {upper:.1f}" for x, upper, _ in run)
            back = "L".join(f"{x:.1f} {lower:.1f}" for x, _, lower in reversed(run))
            parts.append(f"M{there}L{back}Z")
        run = []
    return "".join(parts)


def number(value: float | None, unit: str = "") -> str:
    """Four figures that matter: `3.142`, `12,480`, `1.2e+09`; `–` without a value."""
    if value is None:
        return "–"
    if value == 0 or not math.isfinite(value):
        text = f"{value:g}"
    elif 1000 <= abs(value) < 1e9:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.4g}"
    return f"{text} {unit}" if unit and unit != "%" else f"{text}{unit and ' %'}"


def trend(values: Sequence[float]) -> str:
    """How the newest values lie to those before: Rising, Falling, Steady; empty for too few."""
    if len(values) < 10:
        return ""
    cut = len(values) - max(len(values) // 12, 3)
    before, after = sorted(values[:cut]), sorted(values[cut:])
    usual = before[len(before) // 2]
    spread = before[int(len(before) * 0.84)] - before[int(len(before) * 0.16)]
    moved = after[len(after) // 2] - usual
    if abs(moved) <= max(spread, abs(usual) * 0.01):
        return "Steady"
    return "Rising" if moved > 0 else "Falling"
