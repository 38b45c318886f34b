"""The ledger of a clock in the form the rules read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from accounts.rules.service_hours import Calendar
from accounts.selectors.service_hours import calendar_of
from escalations.models import Clock, ClockEvent
from escalations.rules import clock_events as rules

SECOND_US = 1_000_000


class LoggedEvent(NamedTuple):
    """A line of the ledger as the rules need it, read without making a row of the ORM."""

    seq: int
    at: datetime
    type: str
    reason: str
    mode: str
    target_s: int | None
    calendar_id: int | None
    is_always_open: bool
    start_at: datetime | None


def rule_event(row: ClockEvent | LoggedEvent) -> rules.ClockEvent:
    target_us = None if row.target_s is None else row.target_s * SECOND_US
    has_calendar = row.calendar_id is not None or row.is_always_open
    return rules.ClockEvent(
        at=row.at,
        type=row.type,
        seq=row.seq,
        reason=row.reason or None,
        target_us=target_us,
        mode=row.mode or None,
        calendar=calendar_of(row.calendar_id) if has_calendar else None,
        start=row.start_at,
        interval_us=target_us if row.type == "interval" else None,
    )


def rule_events(
    clock: Clock, rows: Iterable[ClockEvent | LoggedEvent] | None = None
) -> tuple[Calendar, list[rules.ClockEvent]]:
    """The calendar pinned at the start, and the ledger; `rows` default to the stored ones."""
    rows = clock.events.all() if rows is None else rows
    return calendar_of(clock.calendar_id), [rule_event(row) for row in rows]
