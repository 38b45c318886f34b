"""Climbing a ladder: who is paged when, until somebody acknowledges (SEMANTICS 2.2, 2.3).

Every function takes the run as it stands and gives back the run as it is after, with the steps to
log and page. Targets are resolved at the moment of paging by `resolve(target, at)`, which returns
the people reachable then; absent people, people without a contact method and deleted people are
simply not among them. Times are aware and in UTC.

`quiet(person, at)` says until when somebody sleeps. Who wakes before the level's time is up is
paged then, anybody else is passed over; the fallback wakes everybody.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from escalations.rules.ladder_reach import (
    ALREADY_PAGED,
    Quiet,
    Resolve,
    asleep,
    awake,
    fresh,
    resolved,
)
from escalations.rules.policy import Ladder

# A sweep that comes this late is a sweep, not an outage: the timeline keeps to its due times.
# Past it people get their whole time to answer, counted from the page.
ON_TIME_S = 30


class RunStateName(StrEnum):
    ACTIVE = "active"
    HALTED = "halted"  # acknowledged
    EXHAUSTED = "exhausted"  # every cycle climbed: the fallback, until a person ends it
    CANCELLED = "cancelled"


class StepKind(StrEnum):
    PAGE = "page"
    EMPTY = "empty"
    FALLBACK = "fallback"
    JUMP = "jump"


@dataclass(frozen=True, slots=True)
class RunState:
    """`level` is the last level reached, 0 before the first; `paged` the people of this cycle.

    `next_step_at` is None while nothing is due by time (halted, cancelled).
    """

    ladder: str
    started_at: datetime
    state: RunStateName = RunStateName.ACTIVE
    cycle: int = 1
    level: int = 0
    next_step_at: datetime | None = None
    pages_total: int = 0
    paged: frozenset[Hashable] = frozenset()
    fallbacks: int = 0
    acked: frozenset[Hashable] = frozenset()  # they answered: not paged again


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the log. (kind is fallback, cycle, level, person) never repeats within a run:
    a fallback has level 0 and counts its own cycles. `late_by_s` is whole seconds after `at_due`.
    `held`: of the people, those whose page leaves later, with the end of their quiet hours.
    """

    at_due: datetime
    level: int
    cycle: int
    kind: StepKind
    people: tuple[Hashable, ...]
    reason: str
    late_by_s: int = 0
    held: tuple[tuple[Hashable, datetime], ...] = ()


def ways_asked(step: Step, ladder: Ladder) -> int:
    """By how many of their ways people are paged at this step; the fallback asks for the most
    that any level does."""
    if step.level:
        return ladder.levels[step.level - 1].channels_min
    return max(level.channels_min for level in ladder.levels)


Climbed = tuple[RunState, tuple[Step, ...]]


def start(ladder: Ladder, at: datetime, acked: Iterable[Hashable] = ()) -> RunState:
    """A run whose first level is due at once; `climb` takes the first step. `acked` answered an
    earlier run of the incident and are not paged by this one."""
    return RunState(ladder.name, started_at=at, next_step_at=at, acked=frozenset(acked))


def climb(
    run: RunState, ladder: Ladder, resolve: Resolve, at: datetime, quiet: Quiet = awake
) -> Climbed:
    """Take every step that is due at `at`; nothing when none is. May be called late or twice.

    An empty level costs no time. After a long delay each level passed meanwhile is paged once,
    and the wait starts anew from now at the highest of them.
    """
    return _climb(run, ladder, resolve, at, quiet, "")


def _climb(
    run: RunState, ladder: Ladder, resolve: Resolve, at: datetime, quiet: Quiet, why: str
) -> Climbed:
    due = run.next_step_at
    if due is None or at < due:
        return run, ()
    if run.state is RunStateName.EXHAUSTED:
        run, step = _fallback(run, ladder, resolve, at, due, why or "nobody acknowledged")
        return run, (step,)
    size = len(ladder.levels)
    cycle, level, empty_in_a_row = run.cycle, run.level, 0
    told: dict[Hashable, None] = {}
    steps: list[Step] = []
    found: dict[int, bool] = {}  # levels passed in this call -> somebody was paged there
    next_due = due
    ending = ""
    while next_due <= at and not ending:
        due = next_due
        if run.pages_total + len(told) >= ladder.max_pages_total:
            ending = f"the limit of {ladder.max_pages_total} pages is reached"
        elif empty_in_a_row >= size:
            ending = "nobody on any level can be reached"
        elif level >= size and cycle > ladder.repeat:
            ending = "nobody acknowledged on any level"
        if ending:
            break
        cycle, level = (cycle, level + 1) if level < size else (cycle + 1, 1)
        if level not in found:
            known = told.keys() | (run.paged if cycle == run.cycle else frozenset()) | run.acked
            room = ladder.max_pages_total - run.pages_total - len(told)
            people, reason = fresh(ladder, level, resolve, at, known, quiet)
            people = people[:room]
            found[level] = bool(people)
            told.update(dict.fromkeys(people))
            kind = StepKind.PAGE if people else StepKind.EMPTY
            reason = reason or why or _because(level, cycle)
            held = asleep(people, quiet, at, ladder.levels[level - 1])
            steps.append(Step(due, level, cycle, kind, people, reason, _late(due, at), held))
        if found[level]:
            empty_in_a_row = 0
            next_due = due + timedelta(seconds=_timeout(ladder, level))
        else:
            empty_in_a_row += 1

    before = run.paged if cycle == run.cycle else frozenset()
    run = replace(
        run,
        cycle=cycle,
        level=level,
        paged=before | told.keys(),
        pages_total=run.pages_total + len(told),
        next_step_at=next_due,
    )
    if ending:
        run, step = _fallback(run, ladder, resolve, at, due, ending)
        return replace(run, state=RunStateName.EXHAUSTED), (*steps, step)
    if any(step.late_by_s > ON_TIME_S for step in steps):
        highest = max(number for number, is_paged in found.items() if is_paged)
        wait = timedelta(seconds=_timeout(ladder, highest))
        run = replace(run, level=highest, next_step_at=at + wait)
    return run, tuple(steps)


def jump(
    run: RunState, ladder: Ladder, resolve: Resolve, at: datetime, quiet: Quiet = awake
) -> Climbed:
    """A restore or resolution clock breached: inform `on_breach_level` or the next one up.

    An acknowledged run stays halted. Once per clock and cycle is the caller's to see to.
    """
    target = min(max(run.level + 1, ladder.on_breach_level), len(ladder.levels))
    return _inform(run, ladder, resolve, at, quiet, target, "a clock breached")


def escalate_now(
    run: RunState, ladder: Ladder, resolve: Resolve, at: datetime, quiet: Quiet = awake
) -> Climbed:
    """A person asks for the next level before its time. An acknowledged run stays halted; with
    nobody new above, it is the fallback that is told."""
    why = "escalated by hand"
    if run.state is RunStateName.HALTED:
        if run.level < len(ladder.levels):
            after, steps = _inform(run, ladder, resolve, at, quiet, run.level + 1, why)
            if any(step.people for step in steps):
                return after, steps
            run = after
        else:
            steps = ()
        if any(step.kind is StepKind.FALLBACK for step in steps):
            return run, steps
        run, step = _fallback(run, ladder, resolve, at, at, why)
        return replace(run, next_step_at=None), (*steps, step)
    if run.next_step_at is None:
        return run, ()
    run = replace(run, next_step_at=min(run.next_step_at, at))
    return _climb(run, ladder, resolve, at, quiet, why)


def after_pause(
    run: RunState, ladder: Ladder, resolve: Resolve, at: datetime, quiet: Quiet = awake
) -> Climbed:
    """A pause of automation is over that kept a breach as well: the steps that fell due, in their
    order, and then the jump."""
    run, steps = climb(run, ladder, resolve, at, quiet)
    run, more = beside_answer(run, ladder, resolve, at, quiet)
    return run, (*steps, *more)


def beside_answer(
    run: RunState, ladder: Ladder, resolve: Resolve, at: datetime, quiet: Quiet = awake
) -> Climbed:
    """The page that a pause kept: of the first level where none was paged yet, else the jump of a
    breach. Nobody is paged in place of those who answered."""
    if run.level > 0 or run.state is RunStateName.CANCELLED:
        return jump(run, ladder, resolve, at, quiet)
    run = replace(run, level=1)
    people, _ = fresh(ladder, 1, resolve, at, run.paged | run.acked, quiet)
    if not people:
        return run, ()
    held = asleep(people, quiet, at, ladder.levels[0])
    why = "a pause of automation is over"
    step = Step(at, 1, run.cycle, StepKind.PAGE, people, why, held=held)
    return _told(run, people), (step,)


def halt(run: RunState) -> RunState:
    """Somebody acknowledged: nothing is due by time any more."""
    if run.state is RunStateName.CANCELLED:
        return run
    return replace(run, state=RunStateName.HALTED, next_step_at=None)


def acknowledge(run: RunState, ladder: Ladder, person: Hashable) -> RunState:
    """This person answered. The run halts once as many did as the levels reached ask for, or
    everybody who was paged; until then it goes on with the others."""
    if run.state is RunStateName.CANCELLED:
        return run
    run = replace(run, acked=run.acked | {person})
    asked = max((level.require_acks for level in ladder.levels[: max(run.level, 1)]), default=1)
    if len(run.acked) >= min(asked, len(run.paged | run.acked)):
        return halt(run)
    return run


def hold(run: RunState, until: datetime) -> RunState:
    """Nobody is paged before `until`; then the run goes on where it stood."""
    if run.next_step_at is None:
        return run
    return replace(run, next_step_at=max(run.next_step_at, until))


def move_to(run: RunState, ladder: Ladder) -> RunState:
    """The severity was lowered: the wait runs on, the next step is the new ladder's."""
    return replace(run, ladder=ladder.name, level=min(run.level, len(ladder.levels)))


def cancel(run: RunState) -> RunState:
    """Resolved, merged or cancelled: the run is over for good."""
    return replace(run, state=RunStateName.CANCELLED, next_step_at=None)


def resume_after_ack_expiry(
    run: RunState,
    ladder: Ladder,
    resolve: Resolve,
    at: datetime,
    quiet: Quiet = awake,
    *,
    level: int,
    due: datetime | None = None,
    why: str = "",
) -> Climbed:
    """The commander fell silent, or a snooze ended: climb again from a level, paging it anew.

    Opens a new cycle, so that people of the earlier one are paged again, also who answered. `due`
    is when it expired (default `at`). A run that is not halted is left alone.
    """
    if run.state is not RunStateName.HALTED:
        return run, ()
    level = min(max(level, 1), len(ladder.levels))
    run = replace(
        run,
        state=RunStateName.ACTIVE,
        cycle=run.cycle + 1,
        level=level - 1,
        paged=frozenset(),
        acked=frozenset(),
        next_step_at=due or at,
    )
    return _climb(run, ladder, resolve, at, quiet, why)


def hand_over(
    run: RunState, ladder: Ladder, resolve: Resolve, at: datetime, quiet: Quiet = awake
) -> Climbed:
    """A roster changed hands during the wait: page who came on as well; the timer runs on."""
    if run.state is not RunStateName.ACTIVE or run.level == 0:
        return run, ()
    known = run.paged | run.acked
    people, _ = fresh(ladder, run.level, resolve, at, known, quiet, until=run.next_step_at)
    people = people[: max(0, ladder.max_pages_total - run.pages_total)]
    if not people:
        return run, ()
    held = asleep(people, quiet, at, ladder.levels[run.level - 1])
    why = "came on call during the wait"
    step = Step(at, run.level, run.cycle, StepKind.PAGE, people, why, held=held)
    return _told(run, people), (step,)


def nobody_reached(
    run: RunState, ladder: Ladder, resolve: Resolve, at: datetime, quiet: Quiet = awake
) -> Climbed:
    """Every message of the current level failed on all channels: treat it as empty, go on now."""
    if run.state is not RunStateName.ACTIVE or run.level == 0:
        return run, ()
    reason = f"no message to level {run.level} could be delivered"
    failed = Step(at, run.level, run.cycle, StepKind.EMPTY, (), reason)
    run, steps = _climb(replace(run, next_step_at=at), ladder, resolve, at, quiet, "")
    return run, (failed, *steps)


def _inform(
    run: RunState,
    ladder: Ladder,
    resolve: Resolve,
    at: datetime,
    quiet: Quiet,
    target: int,
    why: str,
) -> Climbed:
    """Page the first level from `target` up that has somebody new, without changing the state."""
    if run.state is RunStateName.CANCELLED:
        return run, ()
    steps: list[Step] = []
    is_anybody = False
    for level in range(target, len(ladder.levels) + 1):
        people, reason = fresh(ladder, level, resolve, at, run.paged | run.acked, quiet)
        if people:
            run = replace(_told(run, people), level=level)
            if run.state is RunStateName.ACTIVE:
                wait = timedelta(seconds=_timeout(ladder, level))
                run = replace(run, next_step_at=at + wait)
            held = asleep(people, quiet, at, ladder.levels[level - 1])
            steps.append(Step(at, level, run.cycle, StepKind.JUMP, people, why, held=held))
            return run, tuple(steps)
        is_anybody = is_anybody or reason == ALREADY_PAGED.format(level)
        steps.append(Step(at, level, run.cycle, StepKind.EMPTY, (), reason))
    if is_anybody:  # everyone up there was told a moment ago, in this very cycle
        return run, tuple(steps)
    due = run.next_step_at
    run, step = _fallback(run, ladder, resolve, at, at, why)
    return replace(run, next_step_at=due), (*steps, step)


def _fallback(
    run: RunState, ladder: Ladder, resolve: Resolve, at: datetime, due: datetime, why: str
) -> tuple[RunState, Step]:
    """The page that is sent when a ladder has no more to give. It has no limit and no repeat."""
    people = resolved(ladder.fallback, resolve, at)
    if not people:
        why = f"{why}; nobody of the fallback can be reached"
    late = _late(due, at)
    number = run.fallbacks + 1
    step = Step(due, 0, number, StepKind.FALLBACK, people, why, late)
    base = at if late > ON_TIME_S else due
    return (
        replace(
            _told(run, people),
            fallbacks=number,
            next_step_at=base + timedelta(seconds=ladder.fallback_every_s),
        ),
        step,
    )


def _told(run: RunState, people: tuple[Hashable, ...]) -> RunState:
    return replace(
        run, paged=run.paged | frozenset(people), pages_total=run.pages_total + len(people)
    )


def _timeout(ladder: Ladder, level: int) -> int:
    return ladder.levels[level - 1].ack_timeout_s


def _late(due: datetime, at: datetime) -> int:
    return max(0, int((at - due).total_seconds()))


def _because(level: int, cycle: int) -> str:
    if level == 1:
        return "first level" if cycle == 1 else f"cycle {cycle} begins"
    return f"nobody on level {level - 1} acknowledged in time"
