"""The promise of regular updates, judged from its event log (SEMANTICS 1.6).

An interval runs from the last public update. Exactly on time counts. An interval that passes
without an update is one miss, and the next interval starts where it was missed: no grid to drift
from, and no amnesty. As for every clock, late means that more than the interval has elapsed, so a
promise that falls due at closing time is still kept until the next opening.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from accounts.rules.service_hours import Calendar
from accounts.rules.zones import instant, ticks
from escalations.rules.clock_events import ClockEvent, RunState, known_in_order


@dataclass(frozen=True, slots=True)
class CadenceState:
    """Updates kept and missed at an instant. Instants are aware UTC.

    `adherence` is on_time / (on_time + missed), None before the first judgement. `late_after` is
    the instant at which the running interval is missed unless an update arrives; settle a sweep
    one microsecond later. Both it and `next_due_at` are None unless running, or when never.
    """

    run_state: RunState
    on_time: int
    missed: int
    missed_at: tuple[datetime, ...]
    adherence: float | None
    next_due_at: datetime | None
    late_after: datetime | None
    last_update_at: datetime | None


def cadence_state(
    events: Iterable[ClockEvent], *, interval_us: int, calendar: Calendar, at: datetime
) -> CadenceState:
    """Replay start, update, interval, stop, cancel, reopen and calendar_change as known at `at`.

    An `interval` event may bring a calendar; one that comes while stopped counts from the reopen
    on. Raises ValueError for an interval that is not positive.
    """
    run = _Run(_positive(interval_us), calendar, calendar)
    for event in known_in_order(events, at):
        now = ticks(event.at)
        run.advance(now)
        match event.type:
            case "start" if run.run_state is RunState.NOT_STARTED:
                run.calendar = run.newest
                run.begin(now)
            case "update" if run.run_state is RunState.RUNNING:
                run.on_time += 1
                run.last_update = now
                run.begin(now)
            case "stop" if run.run_state is RunState.RUNNING:
                run.run_state = RunState.STOPPED
            case "cancel" if run.run_state is not RunState.STOPPED:
                run.run_state = RunState.CANCELLED
            case "reopen" if run.run_state is RunState.STOPPED:
                run.calendar = event.calendar or run.newest
                run.begin(now)
            case "interval":
                run.change(event.interval_us, event.calendar, now)
            case "calendar_change" if event.calendar is not None:
                if event.mode == "pin":
                    run.newest = event.calendar
                else:
                    run.change(None, event.calendar, now)
    run.advance(ticks(at))
    return run.state()


@dataclass(slots=True)
class _Run:
    interval: int
    calendar: Calendar
    newest: Calendar
    run_state: RunState = RunState.NOT_STARTED
    since: int = 0  # the running interval is counted from here,
    spent: int = 0  # on top of what another calendar counted before
    overdue_at: int | None = None  # a change made the interval late: missed at this instant
    is_overdue: bool = False
    on_time: int = 0
    last_update: int | None = None
    missed_at: list[int] = field(default_factory=list)

    def begin(self, now: int) -> None:
        self.run_state = RunState.RUNNING
        self.since, self.spent, self.is_overdue = now, 0, False

    def due(self) -> int | None:
        return self.calendar.add_ticks(self.since, max(self.interval - self.spent, 0))

    def late_after(self) -> int | None:
        if self.is_overdue:
            return self.overdue_at
        due = self.due()
        return None if due is None else self.calendar.next_open_tick(due)

    def advance(self, now: int) -> None:
        """Record every miss up to `now`."""
        while self.run_state is RunState.RUNNING:
            late = self.late_after()
            if late is None or late >= now:  # an update at this instant still counts
                return
            self.missed_at.append(late)
            self.begin(late)

    def change(self, interval: int | None, calendar: Calendar | None, now: int) -> None:
        """Judge the running interval again. One that is late by the change is missed at the first
        open instant from then on, unless an update comes first."""
        if interval is not None:
            self.interval = _positive(interval)
        if calendar is not None:
            self.newest = calendar
        if self.run_state is not RunState.RUNNING:
            return
        if calendar is not None:
            self.spent += self.calendar.elapsed_ticks(self.since, now)
            self.since, self.calendar = now, calendar
        elapsed = self.spent + self.calendar.elapsed_ticks(self.since, now)
        self.is_overdue = elapsed > self.interval
        self.overdue_at = self.calendar.next_open_tick(now) if self.is_overdue else None

    def state(self) -> CadenceState:
        running = self.run_state is RunState.RUNNING
        judged = self.on_time + len(self.missed_at)
        return CadenceState(
            run_state=self.run_state,
            on_time=self.on_time,
            missed=len(self.missed_at),
            missed_at=tuple(instant(tick) for tick in self.missed_at),
            adherence=self.on_time / judged if judged else None,
            next_due_at=_at(self.due() if running else None),
            late_after=_at(self.late_after() if running else None),
            last_update_at=_at(self.last_update),
        )


def _positive(interval: int) -> int:
    if interval <= 0:
        raise ValueError("An update interval must be longer than nothing.")
    return interval


def _at(tick: int | None) -> datetime | None:
    return None if tick is None else instant(tick)
