"""Running promises: start them, log what happens to them, settle what is due.

A clock's columns are derived: `derive` computes them from the ledger by the pure rule, and nothing
else writes them. `settle_clock` is the sweep's verb.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Max

from accounts.models import ServiceHoursVersion, User
from config.lib.rows import new
from config.lib.statements import insert
from escalations.models import Clock, ClockEvent, ClockMark, Incident
from escalations.models.clocks import ClockKindChoice, MarkKind
from escalations.rules import clock_events as rules
from escalations.rules.breach_causes import propose
from escalations.rules.cadence import CadenceState, cadence_state
from escalations.rules.clocks import ClockState, clock_state, next_wake_at
from escalations.rules.durations import exact_duration
from escalations.rules.exceptions import Bend, Place, chosen
from escalations.rules.policy import ClockKind, PolicyDoc, Severity
from escalations.selectors.breach_causes import story_of
from escalations.selectors.clocks import SECOND_US, LoggedEvent, rule_events
from escalations.selectors.exceptions import bends_from
from escalations.selectors.hours import Calendars, calendar_version
from escalations.selectors.policies import policy_doc
from escalations.services.clock_marks import new_marks, passed, say
from escalations.services.recorder import Recorder

MICRO = timedelta(microseconds=1)
LIVE = ("running", "paused")


def new_clock(
    incident: Incident,
    kind: ClockKind,
    doc: PolicyDoc,
    *,
    started_at: datetime,
    at: datetime,
    cycle: int = 1,
    known: Calendars | None = None,
    bends: Sequence[Bend] = (),
) -> tuple[Clock, ClockEvent] | None:
    """An unsaved clock with its start event; None where the policy promises nothing. `bends` are
    exceptions that may set another target."""
    target = doc.severities[Severity(incident.severity)].targets.get(kind)
    if target is None:
        return None
    bend = chosen(bends, place_of(incident), kind.value, started_at) if bends else None
    target_s = bend.target_s if bend else target.target_s
    calendar = calendar_version(
        incident, is_business=target.is_business, at=started_at, known=known
    )
    clock = new(
        Clock,
        incident=incident,
        kind=kind.value,
        cycle=cycle,
        target_s=target_s,
        current_target_s=target_s,
        calendar=calendar,
        exception_id=bend.pk if bend else None,
        started_at=started_at,
        drill_id=incident.drill_id,
    )
    event = new(ClockEvent, clock=clock, seq=1, at=started_at, recorded_at=at, type="start")
    derive(clock, [event], doc, at)
    return clock, event


def place_of(incident: Incident) -> Place:
    """What an exception may be limited to."""
    return Place(
        policy=incident.policy_version.policy_id,
        severity=incident.severity,
        incident=incident.number,
        account=incident.account_id,
        team=incident.team_id,
        product_area=incident.product_area,
    )


def say_exception(clock: Clock, bends: Sequence[Bend], recorder: Recorder) -> None:
    """The story names the exception that set a target."""
    bend = next((each for each in bends if each.pk == clock.exception_id), None)
    if bend is not None:
        recorder.event(
            clock.incident,
            "exception",
            f"{clock.get_kind_display()} promise of {exact_duration(clock.target_s)} by exception "
            f"{bend.pk}, until {bend.expires_at:%d %b %Y}.",
            reason=bend.reason,
            detail={"exception": bend.pk, "clock": clock.kind, "target_s": clock.target_s},
        )


def insert_clocks(pairs: Sequence[tuple[Clock, ClockEvent]]) -> None:
    """Two inserts, however many clocks."""
    clocks = [clock for clock, _ in pairs]
    insert(clocks)
    for clock, event in pairs:
        event.clock = clock
    insert((event for _, event in pairs), with_keys=False)


def state_of(
    clock: Clock, events: Iterable[ClockEvent | LoggedEvent], doc: PolicyDoc, at: datetime
) -> ClockState:
    """What a promise other than cadence says at `at`, from its ledger."""
    calendar, ledger = rule_events(clock, events)
    return clock_state(
        ledger,
        kind=clock.kind,
        target_us=clock.target_s * SECOND_US,
        calendar=calendar,
        at=at,
        warn_percents=doc.warn_percents,
    )


def cadence_of(
    clock: Clock, events: Iterable[ClockEvent | LoggedEvent], at: datetime
) -> CadenceState:
    calendar, ledger = rule_events(clock, events)
    return cadence_state(ledger, interval_us=clock.target_s * SECOND_US, calendar=calendar, at=at)


def derive(
    clock: Clock, events: Sequence[ClockEvent | LoggedEvent], doc: PolicyDoc, at: datetime
) -> ClockState | CadenceState:
    """Set the derived columns from the ledger as known at `at`; the caller saves."""
    if clock.kind == ClockKindChoice.CADENCE:
        cadence = cadence_of(clock, events, at)
        clock.run_state = cadence.run_state.value
        clock.on_time, clock.missed = cadence.on_time, cadence.missed
        clock.due_at, clock.breach_after = cadence.next_due_at, cadence.late_after
        clock.breached_at = cadence.missed_at[0] if cadence.missed_at else None
        clock.outcome = _cadence_outcome(cadence)
        clock.next_wake_at = cadence.late_after + MICRO if cadence.late_after else None
        start = cadence.last_update_at or clock.started_at
        clock.warn_at = (
            start + (cadence.next_due_at - start) * 3 / 4 if cadence.next_due_at else None
        )
        return cadence
    state = state_of(clock, events, doc, at)
    clock.run_state, clock.outcome = state.run_state.value, state.outcome.value
    clock.elapsed_us = state.elapsed_us
    clock.current_target_s = state.target_us // SECOND_US
    clock.due_at, clock.breach_after = state.due_at, state.breach_after
    clock.breached_at = state.breached_at
    clock.warn_at = state.warn_at.get(75)
    clock.paused_since = state.paused_since
    clock.next_wake_at = next_wake_at(state, at)
    if state.run_state is not rules.RunState.PAUSED:
        clock.awaiting, clock.check_at, clock.chase_at = "", None, None
    return state


def _cadence_outcome(cadence: CadenceState) -> str:
    if cadence.run_state is rules.RunState.CANCELLED:
        return rules.Outcome.VOID.value
    if cadence.missed:
        return rules.Outcome.MISSED.value
    is_over = cadence.run_state is rules.RunState.STOPPED
    return (rules.Outcome.MET if is_over else rules.Outcome.OPEN).value


def log(
    clock: Clock,
    type_: str,
    *,
    at: datetime,
    doc: PolicyDoc,
    recorded_at: datetime,
    by: User | None = None,
    reason: str = "",
    mode: str = "",
    target_s: int | None = None,
    calendar: ServiceHoursVersion | None = None,
    is_always_open: bool = False,
    start_at: datetime | None = None,
) -> ClockState | CadenceState:
    """Append one event to the ledger of a locked clock and derive and save its columns."""
    events = list(clock.events.order_by("seq"))
    event = ClockEvent.objects.create(
        clock=clock,
        seq=events[-1].seq + 1 if events else 1,
        at=at,
        recorded_at=recorded_at,
        type=type_,
        reason=reason,
        mode=mode,
        target_s=target_s,
        calendar=calendar,
        is_always_open=is_always_open,
        start_at=start_at,
        actor=by,
    )
    state = derive(clock, [*events, event], doc, recorded_at)
    is_broken = isinstance(state, ClockState) and state.outcome is rules.Outcome.MISSED
    if is_broken and clock.run_state == "running" and not is_breach_said(clock):
        clock.next_wake_at = recorded_at  # broken by a change: the sweep finds what nobody said
    clock.save()
    return state


def is_breach_said(clock: Clock) -> bool:
    return clock.marks.filter(kind=MarkKind.BREACH).exists()


def has_news(state: ClockState | CadenceState, at: datetime) -> bool:
    """Whether a clock passed something at `at` that may not have been said yet."""
    if isinstance(state, CadenceState):
        return bool(state.missed_at)
    warned = (warn for warn in state.warn_at.values() if warn is not None)
    return state.breached_at is not None or any(warn <= at for warn in warned)


def live_clocks(incident: Incident, *kinds: ClockKind) -> list[Clock]:
    """The incident's clocks that run or pause, locked, in one order."""
    clocks = Clock.objects.select_for_update().filter(incident=incident, run_state__in=LIVE)
    if kinds:
        clocks = clocks.filter(kind__in=[kind.value for kind in kinds])
    return list(clocks.order_by("pk"))


def stop_clocks(
    incident: Incident, *kinds: ClockKind, at: datetime, by: User | None, recorder: Recorder
) -> None:
    doc = policy_doc(incident.policy_version_id)
    for clock in live_clocks(incident, *kinds):
        mark_due(clock, at, recorder, is_ending=True)
        log(clock, "stop", at=at, doc=doc, recorded_at=recorder.at, by=by)
        recorder.event(
            incident,
            "clock_stopped",
            f"{clock.get_kind_display()} clock stopped: {clock.outcome}.",
            by=by,
            detail={"clock": clock.kind, "cycle": clock.cycle, "outcome": clock.outcome},
        )


def cancel_clocks(incident: Incident, *, reason: str, at: datetime, recorder: Recorder) -> None:
    doc = policy_doc(incident.policy_version_id)
    for clock in live_clocks(incident):
        log(clock, "cancel", at=at, doc=doc, recorded_at=recorder.at, reason=reason[:40])


def start_clock(
    incident: Incident, kind: ClockKind, *, started_at: datetime, recorder: Recorder
) -> Clock | None:
    """Start a clock, as a new cycle when the kind ran before."""
    doc = policy_doc(incident.policy_version_id)
    last = incident.clocks.filter(kind=kind.value).aggregate(last=Max("cycle"))["last"] or 0
    bends = bends_from(recorder.standby.kept) if kind is not ClockKind.OLA else []
    pair = new_clock(
        incident, kind, doc, started_at=started_at, at=recorder.at, cycle=last + 1, bends=bends
    )
    if pair is None:
        return None
    insert_clocks([pair])
    say_exception(pair[0], bends, recorder)
    return pair[0]


def retarget_clocks(
    incident: Incident, *, is_raise: bool, by: User | None, recorder: Recorder
) -> list[Clock]:
    """The severity changed: new targets for running clocks, new clocks where there were none.
    Returns the changed clocks that have something to say: the change may have broken them.

    A raise never postpones (`earliest`), a lowering keeps what elapsed (`keep_elapsed`). A promise
    the new severity does not make keeps its old target: nobody gets rid of a deadline by lowering.
    """
    at = recorder.at
    doc = policy_doc(incident.policy_version_id)
    targets = doc.severities[Severity(incident.severity)].targets
    running = {clock.kind: clock for clock in live_clocks(incident)}
    speaking: list[Clock] = []
    for kind, target in targets.items():
        clock = running.get(kind.value)
        calendar = calendar_version(incident, is_business=target.is_business, at=at)
        if clock is None:
            ran = incident.clocks.filter(kind=kind.value).exists()
            if not ran and kind in (ClockKind.RESTORE, ClockKind.CADENCE):
                start_clock(incident, kind, started_at=at, recorder=recorder)
            continue
        is_cadence = kind is ClockKind.CADENCE
        target_s = _kept_target(clock) or target.target_s
        state = log(
            clock,
            "interval" if is_cadence else "retarget",
            at=at,
            doc=doc,
            recorded_at=at,
            by=by,
            target_s=target_s,
            calendar=calendar,
            is_always_open=calendar is None,
            mode="" if is_cadence else "earliest" if is_raise else "keep_elapsed",
        )
        if has_news(state, at):
            speaking.append(clock)
        if not is_cadence:
            recorder.event(
                incident,
                "clock_retargeted",
                f"{clock.get_kind_display()} clock has a new target.",
                by=by,
                detail={
                    "clock": clock.kind,
                    "target_s": target_s,
                    "due_at": clock.due_at.isoformat() if clock.due_at else None,
                },
            )
    return speaking


def _kept_target(clock: Clock) -> int | None:
    """A clock that started under an exception of every severity keeps its target."""
    bent_by = clock.exception
    return bent_by.target_s if bent_by is not None and bent_by.severity is None else None


def refresh_queue_fields(incident: Incident, clocks: Iterable[Clock] | None = None) -> None:
    """Repeat on the incident what its clocks say; the caller saves the incident.

    A cadence that missed once and has a fresh interval running is not late now; a team's own
    clock is no promise to the customer.
    """
    clocks = incident.clocks.all() if clocks is None else clocks
    live = [c for c in clocks if c.run_state in LIVE and c.kind != ClockKindChoice.OLA]
    running = [clock for clock in live if clock.run_state == "running"]
    incident.has_missed = any(
        clock.outcome == "missed" and clock.kind != ClockKindChoice.CADENCE for clock in live
    )
    incident.is_paused = len(running) < len(live)
    incident.next_due_at = min((c.due_at for c in running if c.due_at), default=None)
    incident.next_late_at = min((c.late_at for c in running if c.late_at), default=None)
    incident.next_warn_at = min((c.warn_at for c in running if c.warn_at), default=None)


def mark_due(
    clock: Clock, at: datetime, recorder: Recorder, *, is_ending: bool = False
) -> list[ClockMark]:
    """Record what this locked clock has to say at `at` and has not said: the breach, else the
    highest warning passed; lower ones are kept as passed silently (SEMANTICS 1.5)."""
    doc = policy_doc(clock.incident.policy_version_id)
    events = list(clock.events.order_by("seq"))
    found = passed(derive(clock, events, doc, at), at)
    if not found:
        return []
    marks = new_marks(clock, found, list(clock.marks.all()), at, is_ending=is_ending)
    for mark in marks:
        if mark.kind != MarkKind.WARNING:
            mark.proposed_cause = mark.cause = propose(story_of(clock, events, mark)).value
    ClockMark.objects.bulk_create(marks)
    say(clock, marks, recorder)
    return marks
