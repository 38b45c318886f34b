"""The log of a clock: its events, the order in which they are judged, and the two states."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from accounts.rules.service_hours import Calendar

# Events of one timestamp are judged in this order, then by log id. Types not listed (reassign,
# auto_reply, internal_note) never touch a clock.
EVENT_ORDER = (
    "start",
    "adopt_start",
    "pause",
    "resume",
    "customer_reply",
    "update",
    "stop",
    "cancel",
    "reopen",
    "retarget",
    "interval",
    "calendar_change",
)
_RANK = {type_: rank for rank, type_ in enumerate(EVENT_ORDER)}


class RunState(StrEnum):
    NOT_STARTED = "not_started"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    OPEN = "open"
    MET = "met"
    MISSED = "missed"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """One line of a clock's log. `seq` is its log id.

    `reason` belongs to pause, resume and cancel; `target_us`, `mode` (keep_elapsed, earliest,
    restart) and an optional `calendar` to retarget; `calendar` and `mode` (adopt_forward, pin,
    recompute) to calendar_change; `mode` (continue, restart) to reopen; `start` to adopt_start;
    `interval_us` to interval. A start may pin a `target_us` and a `calendar` of its own.
    """

    at: datetime
    type: str
    seq: int = 0
    reason: str | None = None
    target_us: int | None = None
    mode: str | None = None
    calendar: Calendar | None = None
    start: datetime | None = None
    interval_us: int | None = None


def known_in_order(events: Iterable[ClockEvent], at: datetime) -> list[ClockEvent]:
    """The events that have happened at `at`, in the order in which they are judged."""
    known = [event for event in events if event.type in _RANK and event.at <= at]
    known.sort(key=lambda event: (event.at, _RANK[event.type], event.seq))
    return known
