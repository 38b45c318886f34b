"""SLA clocks: what a promise says at an instant, from its event log (SEMANTICS 1.1-1.5).

`clock_state` replays the events known at `at` by event time, not by arrival. Nothing is stored
between calls and nothing reads the wall clock. Inside, instants are ticks and durations integer
microseconds, so that "met" and "missed" never hang on rounding.

The one number that a clock runs against is its `limit`: the elapsed time at which it is due. It
is the target, until a retarget moves the due time without giving elapsed time back: then it is
elapsed at the change plus what the change leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from accounts.rules.service_hours import Calendar
from accounts.rules.zones import instant, ticks
from escalations.rules.clock_events import ClockEvent, Outcome, RunState, known_in_order

PAUSE_REASONS = frozenset({"customer_wait", "third_party_wait"})
UNPAUSABLE = frozenset({"response", "cadence"})
WARN_PERCENTS = (50, 75, 90)


@dataclass(frozen=True, slots=True)
class ClockState:
    """A clock at `at`. Instants are aware UTC, durations microseconds.

    `due_at` is the earliest instant at which elapsed reaches the limit; while paused and not yet
    due it is a projection "if resumed now" (`projected`). `breach_after` is the instant after
    which the promise is broken, and `breached_at` once it is. `warn_at` gives per percentage the
    earliest instant with that much of the limit elapsed, past or future, projected like `due_at`;
    it is empty unless the clock is running or paused. None for an instant means never.
    `rejected_pauses` are the reasons refused, in order.
    """

    run_state: RunState
    outcome: Outcome
    target_us: int
    limit_us: int
    elapsed_us: int
    remaining_us: int | None
    due_at: datetime | None
    breach_after: datetime | None
    breached_at: datetime | None
    in_hours: bool
    projected: bool
    next_open_at: datetime | None
    warn_at: Mapping[int, datetime | None]
    waits: frozenset[str]
    paused_since: datetime | None
    rejected_pauses: tuple[str, ...]
    cycle: int


def clock_state(
    events: Iterable[ClockEvent],
    *,
    kind: str,
    target_us: int,
    calendar: Calendar,
    at: datetime,
    reopen_mode: str = "continue",
    warn_percents: Sequence[int] = WARN_PERCENTS,
) -> ClockState:
    """The state of a clock of `kind` at `at`; events after `at` are unknown.

    `target_us` and `calendar` are those pinned at the start. Raises ValueError for a mode that
    does not exist.
    """
    known = known_in_order(events, at)
    ledger = _replay(known, _Terms(kind, target_us, calendar, reopen_mode))
    now = ticks(at)
    ledger.advance(now)
    return ledger.state(now, warn_percents)


def next_wake_at(state: ClockState, after: datetime) -> datetime | None:
    """When a running, unbroken clock next needs attention; None if it needs none by itself.

    That is the first warning instant later than `after`, or the breach. A warning is due at its
    instant. A stop exactly at the due time is still met, so the breach is settled one microsecond
    after `breach_after`: there, and not before, `clock_state` answers missed. A breach not yet
    recorded is returned even when `after` is past it, so that a late sweep finds it.
    """
    if state.run_state is not RunState.RUNNING or state.outcome is not Outcome.OPEN:
        return None
    wakes = [warn for warn in state.warn_at.values() if warn is not None and warn > after]
    if state.breach_after is not None:
        wakes.append(instant(ticks(state.breach_after) + 1))
    return min(wakes, default=None)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What a replay starts from. A retroactive event replays the log with other terms: `start`
    moves the first start back, `only` puts one calendar in the place of all."""

    kind: str
    target: int
    calendar: Calendar
    reopen_mode: str
    start: int | None = None
    only: Calendar | None = None


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of running from `since`: elapsed grew from `had` to `has` by `calendar`."""

    calendar: Calendar
    since: int
    had: int
    has: int


@dataclass(slots=True)
class _Ledger:
    terms: _Terms
    target: int
    limit: int
    calendar: Calendar
    newest: Calendar  # what a reopen takes, also when a change was pinned or came after the stop
    run_state: RunState = RunState.NOT_STARTED
    began: int = 0
    mark: int = 0  # running time is counted up to here
    elapsed: int = 0
    cycle: int = 1
    spans: list[_Span] = field(default_factory=list)
    waits: set[str] = field(default_factory=set)
    paused_since: int | None = None
    missed_at: int | None = None
    rejected: list[str] = field(default_factory=list)
    # An old due time kept by a retarget to another calendar may fall where the new one is closed.
    kept_due: int | None = None
    stopped_due: int | None = None

    @property
    def is_live(self) -> bool:
        return self.run_state in (RunState.RUNNING, RunState.PAUSED)

    def advance(self, now: int) -> None:
        """Count running time up to `now` and date a breach on the way."""
        if self.run_state is not RunState.RUNNING:
            return
        gained = self.calendar.elapsed_ticks(self.mark, now)
        if gained:
            has = self.elapsed + gained
            if has > self.limit and self.missed_at is None:
                due = self.calendar.add_ticks(self.mark, self.limit - self.elapsed)
                assert due is not None
                self.missed_at = self.calendar.next_open_tick(due)
            self.spans.append(_Span(self.calendar, self.mark, self.elapsed, has))
            self.elapsed = has
        self.mark = now

    def run(self, now: int) -> None:
        self.run_state = RunState.RUNNING
        self.mark = now
        self.waits.clear()
        self.paused_since = None

    def judge_change(self, now: int) -> None:
        """A change can make a promise broken at once; the breach is then dated at the change."""
        if self.elapsed > self.limit and self.missed_at is None:
            self.missed_at = now

    def reached(self, need: int) -> int:
        """The earliest instant at which `need` had elapsed, given that it has."""
        if need <= 0:
            return self.began
        span = next(span for span in self.spans if span.has >= need)
        found = span.calendar.add_ticks(span.since, need - span.had)
        assert found is not None
        return found

    def when(self, need: int, now: int) -> int | None:
        """When `need` had or will have elapsed, if the clock runs from `now` on."""
        if self.elapsed >= need:
            return self.reached(need)
        return self.calendar.add_ticks(now, need - self.elapsed)

    def due(self, now: int) -> int | None:
        return self.kept_due if self.kept_due is not None else self.when(self.limit, now)

    def breach_after(self, now: int) -> int | None:
        if self.missed_at is not None:
            return self.missed_at
        due = self.due(now)
        return None if due is None else self.calendar.next_open_tick(max(due, now))

    # Events

    def start(self, event: ClockEvent, now: int) -> None:
        if self.run_state is not RunState.NOT_STARTED:
            return
        if event.target_us is not None:
            self.target = self.limit = event.target_us
        if event.calendar is not None and self.terms.only is None:
            self.calendar = self.newest = event.calendar
        if self.terms.start is not None:
            now = min(now, self.terms.start)
        self.began = now
        self.run(now)

    def pause(self, event: ClockEvent, now: int) -> None:
        if not self.is_live:
            return
        if event.reason not in PAUSE_REASONS or self.terms.kind in UNPAUSABLE:
            self.rejected.append(event.reason or "")
            return
        if not self.waits:
            self.run_state = RunState.PAUSED
            self.paused_since = now
            self.kept_due = None
        self.waits.add(event.reason)

    def resume(self, reason: str | None, now: int) -> None:
        """End the wait for `reason`, or every wait when none is named."""
        if self.run_state is not RunState.PAUSED:
            return
        self.waits.discard(reason) if reason else self.waits.clear()
        if not self.waits:
            self.run(now)

    def stop(self, now: int) -> None:
        if self.is_live:
            self.stopped_due = self.due(now)
            self.run_state = RunState.STOPPED
            self.waits.clear()
            self.paused_since = None

    def cancel(self) -> None:
        if self.run_state is not RunState.STOPPED:
            self.run_state = RunState.CANCELLED
            self.waits.clear()
            self.paused_since = None

    def reopen(self, event: ClockEvent, now: int) -> None:
        if self.run_state is not RunState.STOPPED or self.terms.kind == "response":
            return
        self.calendar = self.terms.only or event.calendar or self.newest
        self.kept_due = None
        mode = event.mode or self.terms.reopen_mode
        if mode == "restart":
            self.limit, self.elapsed, self.missed_at = self.target, 0, None
            self.spans, self.began, self.cycle = [], now, self.cycle + 1
        elif mode != "continue":
            raise ValueError(f"{mode!r} is not a way to reopen a clock.")
        self.run(now)

    def retarget(self, event: ClockEvent, now: int) -> None:
        if not self.is_live:
            return
        target = self.target if event.target_us is None else event.target_us
        calendar = self.terms.only or event.calendar or self.calendar
        mode = event.mode or ("earliest" if target < self.target else "keep_elapsed")
        if mode == "earliest":
            self.limit, self.kept_due = self.earlier_limit(target, calendar, now)
        elif mode in ("keep_elapsed", "restart"):
            self.limit = target if mode == "keep_elapsed" else self.elapsed + target
            self.kept_due = None
        else:
            raise ValueError(f"{mode!r} is not a way to retarget a clock.")
        self.target = target
        self.calendar = self.newest = calendar
        self.judge_change(now)

    def earlier_limit(self, target: int, calendar: Calendar, now: int) -> tuple[int, int | None]:
        """Limit and kept due time for the earlier of the old due time, as the old calendar has
        it, and now plus `target` by the new calendar."""
        fresh = self.elapsed + target
        if calendar is self.calendar and self.kept_due is None:
            return min(self.limit, fresh), None
        old, new = self.due(now), calendar.add_ticks(now, target)
        if old is None and new is None:
            return min(self.limit, fresh), None
        if old is None or (new is not None and new <= old):
            return fresh, None
        if old <= now:
            return self.limit, self.kept_due
        limit = self.elapsed + calendar.elapsed_ticks(now, old)
        return limit, old if self.run_state is RunState.RUNNING else None

    def change_calendar(self, calendar: Calendar) -> None:
        self.newest = calendar
        if self.is_live:
            self.calendar = calendar
            self.kept_due = None

    def state(self, now: int, warn_percents: Sequence[int]) -> ClockState:
        live, stopped = self.is_live, self.run_state is RunState.STOPPED
        due = self.due(now) if live else self.stopped_due if stopped else None
        paused = self.run_state is RunState.PAUSED
        if self.run_state is RunState.CANCELLED:
            outcome = Outcome.VOID
        elif self.missed_at is not None:
            outcome = Outcome.MISSED
        else:
            outcome = Outcome.MET if stopped else Outcome.OPEN
        warn_at = {}
        if live:
            needs = {percent: -(-self.limit * percent // 100) for percent in warn_percents}
            warn_at = {percent: _at(self.when(need, now)) for percent, need in needs.items()}
        return ClockState(
            run_state=self.run_state,
            outcome=outcome,
            target_us=self.target,
            limit_us=self.limit,
            elapsed_us=self.elapsed,
            remaining_us=self.limit - self.elapsed if live or stopped else None,
            due_at=_at(due),
            breach_after=_at(self.breach_after(now) if live else None),
            breached_at=_at(None if outcome is Outcome.VOID else self.missed_at),
            in_hours=self.calendar.is_open_tick(now),
            projected=paused and self.elapsed < self.limit,
            next_open_at=_at(self.calendar.next_open_tick(now)),
            warn_at=MappingProxyType(warn_at),
            waits=frozenset(self.waits),
            paused_since=_at(self.paused_since),
            rejected_pauses=tuple(self.rejected),
            cycle=self.cycle,
        )


def _replay(events: Sequence[ClockEvent], terms: _Terms) -> _Ledger:
    calendar = terms.only or terms.calendar
    ledger = _Ledger(terms, terms.target, terms.target, calendar, calendar)
    for position, event in enumerate(events):
        now = ticks(event.at)
        ledger.advance(now)
        match event.type:
            case "start":
                ledger.start(event, now)
                ledger.advance(now)  # a start moved back has run until here
            case "adopt_start":
                ledger = _adopt_start(ledger, events[:position], event, now)
            case "pause":
                ledger.pause(event, now)
            case "resume":
                ledger.resume(event.reason, now)
            case "customer_reply":
                ledger.resume("customer_wait", now)
            case "stop":
                ledger.stop(now)
            case "cancel":
                ledger.cancel()
            case "reopen":
                ledger.reopen(event, now)
            case "retarget":
                ledger.retarget(event, now)
            case "calendar_change":
                ledger = _change_calendar(ledger, events[:position], event, now)
    return ledger


def _adopt_start(
    ledger: _Ledger, before: Sequence[ClockEvent], event: ClockEvent, now: int
) -> _Ledger:
    """The clock as if it had started earlier; a later start than its own changes nothing."""
    terms = ledger.terms
    if event.start is None or not ledger.is_live:
        return ledger
    start = ticks(event.start)
    if terms.start is not None and terms.start <= start:
        return ledger
    return _rewritten(ledger, before, replace(terms, start=start), now)


def _change_calendar(
    ledger: _Ledger, before: Sequence[ClockEvent], event: ClockEvent, now: int
) -> _Ledger:
    if event.calendar is None or ledger.terms.only is not None:
        return ledger
    mode = event.mode or "adopt_forward"
    if mode == "recompute" and ledger.is_live:
        ledger = _rewritten(ledger, before, replace(ledger.terms, only=event.calendar), now)
        ledger.newest = event.calendar
    elif mode == "pin":
        ledger.newest = event.calendar
    elif mode in ("adopt_forward", "recompute"):
        ledger.change_calendar(event.calendar)
    else:
        raise ValueError(f"{mode!r} is not a way to change the calendar of a clock.")
    return ledger


def _rewritten(ledger: _Ledger, before: Sequence[ClockEvent], terms: _Terms, now: int) -> _Ledger:
    """The log up to `now` replayed on other terms. A recorded breach stays as it is; one that the
    new past brings to light is dated at the change, as for a retarget."""
    fresh = _replay(before, terms)
    fresh.advance(now)
    fresh.missed_at = ledger.missed_at
    fresh.judge_change(now)
    fresh.terms = ledger.terms
    return fresh


def _at(tick: int | None) -> datetime | None:
    return None if tick is None else instant(tick)
