"""What a clock did until an instant, hour by hour: counted, waiting, closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from escalations.rules.clock_cases import ClockCase
from escalations.rules.clock_events import Outcome, RunState
from escalations.rules.durations import exact_duration


class Doing(StrEnum):
    OPEN = "open"  # open hours in which the clock did not run
    COUNTED = "counted"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Stretch:
    start: datetime
    end: datetime
    doing: Doing


def stretches(case: ClockCase, start: datetime, end: datetime, at: datetime) -> list[Stretch]:
    """The period in order, without closed hours; after `at` the clock goes on as it stands.

    For a clock whose service hours never change.
    """
    cuts = {start, end, *(event.at for event in case.events if start < event.at < end)}
    found: list[Stretch] = []
    for a, b in pairwise(sorted(cuts)):
        state = case.state(min(a, at)).run_state
        if state is RunState.PAUSED:
            found.append(Stretch(a, b, Doing.WAITING))
            continue
        doing = Doing.COUNTED if state is RunState.RUNNING else Doing.OPEN
        found += [Stretch(x, y, doing) for x, y in case.calendar.windows(a, b)]
    return found


def why(case: ClockCase, at: datetime) -> str:
    """One sentence: why the clock says at `at` what it says."""
    return " ".join(_sentences(case, at))


def _sentences(case: ClockCase, at: datetime) -> Iterator[str]:
    state = case.state(at)

    def said(us: int) -> str:
        return exact_duration(us // 1_000_000)

    of = f"{said(state.elapsed_us)} of {said(state.limit_us)} counted"
    match state.run_state:
        case RunState.NOT_STARTED:
            yield "Not started yet."
            return
        case RunState.CANCELLED:
            yield f"Cancelled: it counts in no figure; {of}."
            return
        case RunState.STOPPED:
            yield f"Stopped: {of}, {state.outcome}."
        case RunState.PAUSED:
            waits = " and ".join(sorted(wait.removesuffix("_wait") for wait in state.waits))
            since = _utc(state.paused_since)
            yield f"Waiting on the {waits.replace('_', ' ')} since {since}; {of}."
        case _:
            closed = (
                "" if state.in_hours else "; the service hours are closed, so time stands still"
            )
            yield f"Running: {of}{closed}."
    if state.due_at is None:
        yield "Never due: the service hours do not open long enough within ten years."
    elif state.projected:
        yield f"Would be due {_utc(state.due_at)} if it went on now."
    elif state.run_state is not RunState.STOPPED:
        yield f"Due {_utc(state.due_at)}."
    if state.outcome is Outcome.MISSED and state.breached_at:
        yield f"Broken after {_utc(state.breached_at)}."
    elif state.breach_after and state.due_at and state.breach_after > state.due_at:
        yield f"Due at closing time, so it is kept until {_utc(state.breach_after)}."
    if state.rejected_pauses:
        refused = ", ".join(state.rejected_pauses)
        yield f"A wait that does not stop the clock was refused: {refused}."


def _utc(at: datetime | None) -> str:
    return "" if at is None else f"{at.day} {at:%b %Y %H:%M:%S} UTC".replace(":00 UTC", " UTC")
