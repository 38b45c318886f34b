"""A KPI's series as a drawing of one size: where every band, line, dot and label lies. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from escalations.rules.charts import (
    DAY,
    Scale,
    area,
    line,
    number,
    time_steps,
    value_scale,
    value_steps,
)
from escalations.rules.thresholds import Bands

GAP = 3  # times the usual distance between two points: then the line is broken
LABEL_APART = 14


class Limits(NamedTuple):
    """Static limits and the time they count in."""

    start: datetime
    end: datetime
    bands: Bands


class Event(NamedTuple):
    """An incident or a known event, as a span of the chart."""

    start: datetime
    end: datetime
    title: str


class Box(NamedTuple):
    look: str
    x: str
    y: str
    width: str
    height: str
    title: str = ""


class Label(NamedTuple):
    look: str
    x: str
    y: str
    text: str


class Dot(NamedTuple):
    look: str
    x: str
    y: str
    title: str


class Rule(NamedTuple):
    look: str
    x1: str
    x2: str
    y: str


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    boxes: tuple[Box, ...]
    rules: tuple[Rule, ...]
    labels: tuple[Label, ...]
    band: str
    centre: str
    path: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """A size of the drawing, and the room around the plot."""

    width: int
    height: int
    left: int
    right: int
    top: int = 26
    bottom: int = 24
    most_times: int = 7


WIDE = Frame(960, 320, left=52, right=104)
NARROW = Frame(400, 270, left=42, right=8, most_times=4)


def draw(
    columns: Sequence[Any],
    limits: Sequence[Limits],
    incidents: Iterable[Event],
    events: Iterable[Event],
    *,
    start: datetime,
    end: datetime,
    grain: timedelta,
    zone: ZoneInfo,
    frame: Frame,
) -> Drawing:
    """`columns` are those of selectors.kpi_series, `limits` the static ones, oldest first."""
    values = [v for c in columns for v in (c.lowest, c.highest) if v is not None]
    values += [v for c in columns if c.usual for v in c.usual.band(c.warn_k)]
    values += [v for each in limits for v in _shown_limits(each.bands)]
    y = value_scale(values, top=frame.top, bottom=frame.height - frame.bottom)
    x = Scale(start.timestamp(), end.timestamp(), frame.left, frame.width - frame.right)
    boxes = [box for each in limits for box in _zones(each, x, y)]
    boxes += _spans("ch-event", events, x, y.end, y.start - y.end)
    boxes += _spans("ch-incident", incidents, x, frame.top - 12, 8)
    rules = [Rule("ch-grid", _f(x.start), _f(x.end), _f(y.place(v))) for v in _steps(y)]
    rules += [rule for each in limits for rule in _lines(each, x, y)]
    labels = [Label("ch-value", _f(x.start - 6), _f(y.place(v) + 4), number(v)) for v in _steps(y)]
    labels += _times(start, end, zone, x, frame)
    if frame.right > 60 and limits:
        labels += _names(limits[-1].bands, x, y)
    usual = [_usual(c, x, y) for c in columns]
    centre = [
        (x.place(c.start.timestamp()), y.place(c.usual.centre)) if c.usual else None
        for c in columns
    ]
    return Drawing(
        frame.width,
        frame.height,
        tuple(boxes),
        tuple(rules),
        tuple(labels),
        area(usual),
        line(centre) if any(centre) else "",
        line(_points(columns, x, y, grain)),
        tuple(_dots(columns, x, y)),
    )


def _usual(column: Any, x: Scale, y: Scale) -> tuple[float, float, float] | None:
    if column.usual is None:
        return None
    low, high = column.usual.band(column.warn_k)
    return x.place(column.start.timestamp()), y.place(high), y.place(low)


def _points(
    columns: Sequence[Any], x: Scale, y: Scale, grain: timedelta
) -> list[tuple[float, float] | None]:
    """Each column from where the last one ended: its nearer extreme first."""
    found: list[tuple[float, float] | None] = []
    last_at, last = None, 0.0
    for column in columns:
        if column.lowest is None:
            continue
        if last_at is not None and column.first_at - last_at > GAP * grain:
            found.append(None)
        last_at = column.last_at
        at = x.place(column.first_at.timestamp())
        pair = [column.lowest, column.highest]
        if abs(pair[0] - last) > abs(pair[1] - last):
            pair.reverse()
        found.append((at, y.place(pair[0])))
        if pair[0] != pair[1]:
            found.append((at, y.place(pair[1])))
        last = pair[1]
    return found


def _dots(columns: Sequence[Any], x: Scale, y: Scale) -> Iterable[Dot]:
    for column in columns:
        at = f"{column.first_at:%-d %b %H:%M} UTC"
        place = _f(x.place(column.first_at.timestamp()))
        if column.is_out:
            low = column.bands.breach_lo
            is_low = "lo" in column.bands.sides and low is not None and column.lowest < low
            value = column.lowest if is_low else column.highest
            yield Dot("ch-out", place, _f(y.place(value)), f"{number(value)}, {at}: over the limit")
        if column.suspect:
            middle = column.middle
            height = y.place(middle) if middle is not None else y.start - 6
            yield Dot("ch-suspect", place, _f(height), f"{column.suspect} in doubt, {at}")


def _shown_limits(bands: Bands) -> list[float]:
    names = ("target", "warn", "breach")
    values = [getattr(bands, f"{name}_{side}") for name in names for side in bands.sides]
    return [value for value in values if value is not None]


def _zones(each: Limits, x: Scale, y: Scale) -> Iterable[Box]:
    left, right = x.place(each.start.timestamp()), x.place(each.end.timestamp())
    for side in each.bands.sides:
        warn, breach = getattr(each.bands, f"warn_{side}"), getattr(each.bands, f"breach_{side}")
        if warn is None or breach is None:
            continue
        edge = y.start if side == "lo" else y.end
        yield _box("ch-warn", left, right, y.place(warn), y.place(breach))
        yield _box("ch-breach", left, right, y.place(breach), edge)


def _box(look: str, left: float, right: float, one: float, other: float, title: str = "") -> Box:
    high, low = min(one, other), max(one, other)
    return Box(look, _f(left), _f(high), _f(max(right - left, 0)), _f(low - high), title)


def _lines(each: Limits, x: Scale, y: Scale) -> Iterable[Rule]:
    left, right = _f(x.place(each.start.timestamp())), _f(x.place(each.end.timestamp()))
    for side in each.bands.sides:
        for name in ("target", "breach"):
            value = getattr(each.bands, f"{name}_{side}")
            if value is not None:
                yield Rule(f"ch-{name}-line", left, right, _f(y.place(value)))


def _names(bands: Bands, x: Scale, y: Scale) -> Iterable[Label]:
    """The names of the lines at the right edge, moved apart where they would touch."""
    words = (("target", "Target"), ("warn", "Warn"), ("breach", "Breach"))
    named = sorted(
        (y.place(value), f"ch-name-{name}", f"{word} {number(value)}")
        for name, word in words
        for side in bands.sides
        if (value := getattr(bands, f"{name}_{side}")) is not None
    )
    last = -1e9
    for height, look, text in named:
        last = max(height, last + LABEL_APART)
        yield Label(look, _f(x.end + 8), _f(last + 4), text)


def _spans(look: str, spans: Iterable[Event], x: Scale, top: float, height: float) -> list[Box]:
    found = []
    for each in spans:
        left, right = x.place(each.start.timestamp()), x.place(each.end.timestamp())
        found.append(_box(look, left, max(right, left + 3), top, top + height, each.title))
    return found


def _times(
    start: datetime, end: datetime, zone: ZoneInfo, x: Scale, frame: Frame
) -> Iterable[Label]:
    steps = time_steps(start.astimezone(zone), end.astimezone(zone), most=frame.most_times)
    has_hours = len(steps) > 1 and steps[1] - steps[0] < DAY
    bottom = _f(frame.height - 6)
    for each in steps:
        word = f"{each:%H:%M}" if has_hours and each.hour else f"{each.day} {each:%b}"
        place = x.place(each.timestamp())
        if place < frame.width - 24:
            yield Label("ch-time", _f(place), bottom, word)


def _steps(y: Scale) -> list[float]:
    return value_steps(y.low, y.high)


def _f(value: float) -> str:
    return f"{value:.1f}"
