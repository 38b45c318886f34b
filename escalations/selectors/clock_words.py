"""A clock in the words and numbers a page shows; the same for a row and a card."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from escalations.models import Clock
from escalations.models.clocks import ClockKindChoice
from escalations.selectors.breach_causes import CauseView
from escalations.selectors.incidents import live_state
from escalations.templatetags.belay import countdown, duration

SECOND = 1_000_000

FROM_RECEIPT = ("response", "resolution")


@dataclass(frozen=True, slots=True)
class ClockView:
    """`status` is on_track, at_risk, late, paused or met; `percent` of the time used, 0-100."""

    label: str
    due_at: datetime | None
    start_at: datetime | None
    warn_at: datetime | None
    status: str
    text: str
    percent: int
    target: str = ""
    elapsed: str = ""
    explanation: str = ""
    awaiting: str = ""
    breach: CauseView | None = None


class OpenClock(NamedTuple):
    """What `next_clock` asks of a clock, for lists that make no objects of rows."""

    pk: int
    incident_id: int
    kind: str
    run_state: str
    started_at: datetime
    due_at: datetime | None
    warn_at: datetime | None
    breach_after: datetime | None
    breached_at: datetime | None
    current_target_s: int
    elapsed_us: int
    awaiting: str

    @property
    def late_at(self) -> datetime | None:
        return self.breach_after or self.due_at


KIND_WORDS = dict(ClockKindChoice.choices)


def next_clock(clocks: Iterable[Clock | OpenClock], at: datetime) -> ClockView | None:
    """The clock that needs somebody first; a paused one only when none runs. No query."""
    clocks = list(clocks)
    running = [each for each in clocks if each.run_state == "running" and each.due_at]
    if running:
        return _running(min(running, key=lambda each: (each.due_at, each.pk)), at)
    paused = [each for each in clocks if each.run_state == "paused"]
    return _paused(min(paused, key=lambda each: each.pk)) if paused else None


def clock_card(clock: Clock, at: datetime) -> ClockView | None:
    """One card of the incident page; None for a clock that promises nothing any more."""
    if clock.run_state == "cancelled" or clock.outcome == "void":
        return None
    if clock.run_state == "paused":
        return _paused(clock, card=True)
    if clock.run_state == "running" and clock.due_at:
        return _running(clock, at, card=True)
    if clock.run_state == "stopped":
        return _stopped(clock)
    return None


def _start_of(clock: Clock | OpenClock) -> datetime:
    """Cadence starts anew with each update; its warning stands at three quarters."""
    if clock.kind == "cadence" and clock.due_at and clock.warn_at:
        return clock.due_at - (clock.due_at - clock.warn_at) * 4
    return clock.started_at


def _running(clock: Clock | OpenClock, at: datetime, *, card: bool = False) -> ClockView:
    due, warn, start = clock.due_at, clock.warn_at, _start_of(clock)
    assert due is not None
    late_at = clock.late_at or due
    if due <= at < late_at:
        due = late_at
    if at >= late_at or (clock.breached_at and clock.kind != "cadence"):
        status = "late"
    else:
        status = "at_risk" if warn and at >= warn else "on_track"
    whole = max((due - start).total_seconds(), 1)
    percent = 100 if status == "late" else int(100 * (at - start).total_seconds() / whole)
    elapsed = ""
    if isinstance(clock, Clock) and card and clock.kind != "cadence":
        elapsed = _span(live_state(clock, at).elapsed_us // SECOND)
    return ClockView(
        KIND_WORDS[clock.kind],
        due,
        start,
        warn,
        status,
        countdown(due, at),
        max(0, min(100, percent)),
        _span(clock.current_target_s),
        elapsed,
        _explain(clock) if isinstance(clock, Clock) and card else "",
    )


def _paused(clock: Clock | OpenClock, *, card: bool = False) -> ClockView:
    used = clock.elapsed_us // SECOND
    left = clock.current_target_s - used
    words = f"{duration(left)} left" if left > 0 else f"late by {duration(left)}"
    return ClockView(
        KIND_WORDS[clock.kind],
        None,
        None,
        None,
        "paused",
        f"paused, {words}",
        max(0, min(100, 100 * used // max(clock.current_target_s, 1))),
        _span(clock.current_target_s),
        _span(used) if card else "",
        _explain(clock) if isinstance(clock, Clock) and card else "",
        clock.awaiting,
    )


def _stopped(clock: Clock) -> ClockView:
    used = clock.elapsed_us // SECOND
    spare = clock.current_target_s - used
    is_met = clock.outcome == "met"
    if clock.kind == "cadence":
        told = clock.on_time + clock.missed
        text = f"{clock.on_time} of {told} in time" if told else "none was due"
    elif is_met:
        text = f"met, {duration(spare)} to spare"
    else:
        text = f"late by {duration(spare)}"
    return ClockView(
        clock.get_kind_display(),
        None,
        None,
        None,
        "met" if is_met else "late",
        text,
        100 if not is_met else max(0, min(100, 100 * used // max(clock.current_target_s, 1))),
        _span(clock.current_target_s),
        "" if clock.kind == "cadence" else _span(used),
        _explain(clock),
    )


def _span(seconds: int) -> str:
    return f"{seconds} s" if seconds < 60 else duration(timedelta(seconds=seconds))


def _explain(clock: Clock) -> str:
    """Which calendar, from when, and what held it."""
    if clock.calendar is None:
        hours = "Counts day and night"
    else:
        hours = f"Counts the hours of {clock.calendar.service_hours.name}"
    sentence = f"{hours}, from {clock.started_at:%d %b %H:%M} UTC."
    if clock.kind in FROM_RECEIPT and clock.cycle == 1 and "incident" in clock._state.fields_cache:
        arrival = clock.incident.explanation.get("arrival") or {}
        sentence += f" {arrival['why']}" if arrival.get("why") else ""
    if clock.kind == "cadence":
        sentence += " Each update to the customer starts it anew."
    pauses = sum(event.type == "pause" for event in clock.events.all())
    if clock.run_state == "paused" and clock.paused_since:
        sentence += f" Paused since {clock.paused_since:%d %b %H:%M} UTC."
        if clock.check_at:
            sentence += f" Ask again at {clock.check_at:%d %b %H:%M} UTC."
    elif pauses:
        sentence += f" It was paused {pauses} time{'s' if pauses > 1 else ''}."
    if clock.exception_id:
        sentence += f" Exception {clock.exception_id} set its target when it started."
    if clock.is_due_by_hand:
        sentence += " Two people set its due time by hand."
    if clock.cycle > 1:
        sentence += f" Started {clock.cycle} times."
    return sentence
