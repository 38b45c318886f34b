"""The calculator page: one clock somebody made up, its answer and its picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from accounts.rules.service_hours import ALWAYS, Calendar
from accounts.rules.zones import SECOND, local_day
from config.lib.errors import field_error
from escalations.rules.clock_cases import ClockCase
from escalations.rules.clock_events import ClockEvent, Outcome, RunState
from escalations.rules.clock_picture import Doing, Stretch, stretches, why
from escalations.rules.clocks import ClockState
from escalations.rules.durations import DurationError, exact_duration, parse_duration
from escalations.selectors.clock_preview import hours_named

DAY_WIDTH = 1440  # the picture's width; a local day of 23 or 25 hours is stretched to it
MOST_DAYS = 21


@dataclass(frozen=True, slots=True)
class Band:
    x: float
    width: float
    doing: str


@dataclass(frozen=True, slots=True)
class Mark:
    x: float
    what: str  # start, due or asof


@dataclass(frozen=True, slots=True)
class Day:
    label: str
    bands: list[Band]
    marks: list[Mark]
    counted: str
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    text: str
    status: str = ""


@dataclass(frozen=True, slots=True)
class Calculated:
    headline: str
    status: str
    sentence: str
    lines: list[Line]
    days: list[Day]
    days_left_out: int
    zone: str


def business_day_s(calendar: Calendar, zone: ZoneInfo, at: datetime) -> int | None:
    """How long these service hours are open on most of their days; None around the clock."""
    if calendar.is_always:
        return None
    first = at.astimezone(zone).date()
    lengths = Counter(
        length
        for number in range(28)
        if (length := calendar.elapsed_us(*local_day(zone, first + timedelta(number))) // SECOND)
    )
    return max(lengths, key=lambda length: (lengths[length], length)) if lengths else None


def calculated(asked: Mapping[str, Any], at: datetime) -> Calculated:
    """What the form's cleaned values come to. Raises DomainError with the field at fault."""
    zone = ZoneInfo(asked["zone"])
    case = _case(asked, zone, at)
    seen_at = asked.get("asof") or asked["start"]
    state = case.state(seen_at)
    end = max(filter(None, (state.due_at, state.breach_after, seen_at, asked["start"])))
    days = list(_days(case, zone, asked["start"], end, seen_at, state))
    text, status = _headline(state, zone)
    return Calculated(
        headline=text,
        status=status,
        sentence=why(case, seen_at),
        lines=list(_lines(case, state, zone, seen_at)),
        days=days[:MOST_DAYS],
        days_left_out=max(0, len(days) - MOST_DAYS),
        zone=asked["zone"],
    )


def _case(asked: Mapping[str, Any], zone: ZoneInfo, at: datetime) -> ClockCase:
    try:
        calendar = hours_named(asked["hours"], asked["start"])
    except KeyError:
        calendar = ALWAYS
    day_s = business_day_s(calendar, zone, asked["start"])
    target = _length(asked["target"], "target", day_s)
    events = [ClockEvent(asked["start"], "start")]
    for number in (1, 2):
        since, until = asked.get(f"pause_{number}_from"), asked.get(f"pause_{number}_to")
        reason = "customer_wait" if number == 1 else "third_party_wait"
        events += [ClockEvent(since, "pause", number, reason)] if since else []
        events += [ClockEvent(until, "resume", number, reason)] if until else []
    if asked.get("change_at"):
        new = _length(asked["change_target"], "change_target", day_s)
        mode = asked.get("change_mode") or "earliest"
        events.append(ClockEvent(asked["change_at"], "retarget", 9, target_us=new, mode=mode))
    return ClockCase(asked["clock"], calendar, target, tuple(events))


def _length(text: str, field: str, day_s: int | None) -> int:
    try:
        return parse_duration(text, business_day_s=day_s) * SECOND
    except DurationError as error:
        raise field_error(field, error.code, str(error)) from error


def _headline(state: ClockState, zone: ZoneInfo) -> tuple[str, str]:
    if state.outcome is Outcome.MISSED:
        return "Late", "late"
    if state.due_at is None:
        return "Never due", "paused"
    if state.run_state is RunState.PAUSED:
        return f"Due {_local(state.due_at, zone)} if it went on now", "paused"
    return f"Due {_local(state.due_at, zone)}", "on_track"


def _lines(case: ClockCase, state: ClockState, zone: ZoneInfo, seen_at: datetime) -> Iterator[Line]:
    yield Line("As seen at", _local(seen_at, zone))
    yield Line("Promise", exact_duration(state.target_us // SECOND))
    yield Line("Counted so far", exact_duration(state.elapsed_us // SECOND))
    if state.remaining_us is not None and state.remaining_us > 0:
        yield Line("Left", exact_duration(state.remaining_us // SECOND))
    if state.next_open_at and not state.in_hours:
        yield Line("Counts on from", _local(state.next_open_at, zone))
    for percent, warn_at in state.warn_at.items():
        if warn_at is not None:
            yield Line(f"{percent} % used", _local(warn_at, zone), "at_risk")
    if state.due_at:
        yield Line("Due", _local(state.due_at, zone), "on_track")
    if state.breach_after and state.breach_after != state.due_at:
        yield Line("Still kept until", _local(state.breach_after, zone), "on_track")
    if state.breached_at:
        yield Line("Broken after", _local(state.breached_at, zone), "late")


def _days(
    case: ClockCase,
    zone: ZoneInfo,
    start: datetime,
    end: datetime,
    seen_at: datetime,
    state: ClockState,
) -> Iterator[Day]:
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    moments = {"start": start, "asof": seen_at, "due": state.due_at}
    if seen_at == start:
        del moments["asof"]
    for number in range((last - first).days + 1):
        day = first + timedelta(number)
        a, b = local_day(zone, day)
        if a >= b:  # a date that the zone skipped, such as 30 December 2011 in Apia
            continue
        if number >= MOST_DAYS:
            yield Day("", [], [], "", "")
            continue
        found = stretches(case, a, b, seen_at)
        marks = [
            Mark(_x(moment, a, b), what)
            for what, moment in moments.items()
            if moment is not None and a <= moment < b
        ]
        counted = _counted(found, start, state.due_at or end)
        yield Day(
            label=f"{day:%a} {day.day} {day:%b}",
            bands=[
                Band(_x(each.start, a, b), _x(each.end, a, b) - _x(each.start, a, b), each.doing)
                for each in _shown(found, start, state.due_at or end)
            ],
            marks=marks,
            counted=exact_duration(counted) if counted else "–",
            words=_words(found, zone),
        )


def _shown(found: list[Stretch], start: datetime, due: datetime) -> Iterator[Stretch]:
    """Hours after the due time, and before the start, are open but no longer counted."""
    for each in found:
        if each.doing is not Doing.COUNTED:
            yield each
            continue
        a, b = max(each.start, start), min(each.end, due)
        if a >= b:
            yield Stretch(each.start, each.end, Doing.OPEN)
            continue
        if each.start < a:
            yield Stretch(each.start, a, Doing.OPEN)
        yield Stretch(a, b, Doing.COUNTED)
        if b < each.end:
            yield Stretch(b, each.end, Doing.OPEN)


def _counted(found: list[Stretch], start: datetime, due: datetime) -> int:
    return sum(
        int((each.end - each.start).total_seconds())
        for each in _shown(found, start, due)
        if each.doing is Doing.COUNTED
    )


def _words(found: list[Stretch], zone: ZoneInfo) -> str:
    """The bands in words, for who hears the page."""
    said = {Doing.OPEN: "open", Doing.COUNTED: "counts", Doing.WAITING: "waits"}
    spans = [
        f"{said[each.doing]} {each.start.astimezone(zone):%H:%M}"
        f" to {each.end.astimezone(zone):%H:%M}"
        for each in found
    ]
    return ", ".join(spans) or "closed"


def _x(at: datetime, a: datetime, b: datetime) -> float:
    return round((at - a) / (b - a) * DAY_WIDTH, 1)


def _local(at: datetime, zone: ZoneInfo) -> str:
    """`Mon 23 Nov 2026 11:30:00 EST`, with seconds only where there are some."""
    wall = at.astimezone(zone)
    seconds = ":%S" if wall.second else ""
    return f"{wall:%a} {wall.day} {wall:%b %Y %H:%M}{wall.strftime(seconds)} {wall:%Z}"
