"""What a clock passed, as marks that are said once: a warning, a breach, a missed update.

Pure but for the recorder: one clock or a thousand of them read and write around these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from accounts.models import User
from config.lib.rows import new
from escalations.models import Clock, ClockMark, Incident
from escalations.models.clocks import ClockKindChoice, MarkKind
from escalations.models.notices import NoticeKind
from escalations.rules.cadence import CadenceState
from escalations.rules.clocks import ClockState
from escalations.services.recorder import Recorder

NAMES = dict(ClockKindChoice.choices)
REARM_AFTER = timedelta(minutes=15)
Passed = tuple[MarkKind, int, datetime]  # what, percent, when it was due


class Said(NamedTuple):
    """Of a mark that is stored: what was said, and when."""

    kind: str
    percent: int
    due_at: datetime
    recorded_at: datetime


def passed(state: ClockState | CadenceState, at: datetime) -> list[Passed]:
    """What a clock has passed at `at`, said or not, in order."""
    if isinstance(state, CadenceState):
        return [(MarkKind.MISS, 100, missed) for missed in state.missed_at]
    found: list[Passed] = [
        (MarkKind.WARNING, percent, warn)
        for percent, warn in sorted(state.warn_at.items())
        if warn is not None and warn <= at
    ]
    if state.breached_at is not None:
        found.append((MarkKind.BREACH, 100, state.breached_at))
    return found


def new_marks(
    clock: Clock,
    found: Sequence[Passed],
    said: Sequence[ClockMark | Said],
    at: datetime,
    *,
    is_ending: bool = False,
) -> list[ClockMark]:
    """The unsaved marks of what was passed and not `said` yet, still without their causes."""
    keys = {(mark.kind, mark.percent, mark.due_at) for mark in said}
    breached = any(mark.kind == MarkKind.BREACH for mark in said)
    fresh = [
        each for each in found if each not in keys and not (each[0] == MarkKind.BREACH and breached)
    ]
    marks = []
    for kind, percent, due_at in fresh:
        is_last = (kind, percent, due_at) == fresh[-1]
        recent = (
            any(
                mark.kind == kind
                and mark.percent == percent
                and at - mark.recorded_at < REARM_AFTER
                for mark in said
            )
            and kind == MarkKind.WARNING
        )
        marks.append(
            new(
                ClockMark,
                clock=clock,
                kind=kind,
                percent=percent,
                due_at=due_at,
                recorded_at=at,
                late_by_s=max(0, int((at - due_at).total_seconds())),
                is_silent=not is_last or recent or breached or is_ending,
            )
        )
    return marks


def say(clock: Clock, marks: Iterable[ClockMark], recorder: Recorder) -> None:
    """Every mark into the story and to whom it concerns; a silent warning is only kept."""
    for mark in marks:
        if mark.kind != MarkKind.WARNING or not mark.is_silent:
            _say(clock, mark, recorder)


def _say(clock: Clock, mark: ClockMark, recorder: Recorder) -> None:
    incident = clock.incident
    name = NAMES[clock.kind]
    late = f", noticed {mark.late_by_s} s later" if mark.late_by_s > 30 else ""
    if mark.kind == MarkKind.WARNING:
        sentence = f"{name} clock: {mark.percent} % of its time is used{late}."
        kind, headline = NoticeKind.WARNING, f"{name}: {mark.percent} % used"
    elif mark.kind == MarkKind.BREACH:
        sentence = f"{name} clock is late{late}."
        kind, headline = NoticeKind.BREACH, f"{name} is late"
    else:
        sentence = f"The update promised for {mark.due_at:%H:%M} UTC was missed{late}."
        kind, headline = NoticeKind.BREACH, "Customer update missed"
    recorder.event(
        incident,
        f"clock_{mark.kind}",
        sentence,
        at=mark.due_at,
        detail={
            "clock": clock.kind,
            "cycle": clock.cycle,
            "percent": mark.percent,
            "late_by_s": mark.late_by_s,
            "is_silent": mark.is_silent,
            "policy": incident.explanation.get("policy", ""),
        },
    )
    if mark.is_silent:
        return
    due = f"Due {clock.due_at:%d %b %Y %H:%M} UTC." if clock.due_at else ""
    for person, why in _concerned(incident, mark):
        recorder.notice(
            incident,
            person,
            kind,
            key=f"clock:{clock.kind}:{clock.cycle}:{mark.kind}:{mark.percent}:"
            f"{int(mark.due_at.timestamp())}",
            headline=headline,
            why=why,
            lines=(due,) if due else (),
        )


def _concerned(incident: Incident, mark: ClockMark) -> list[tuple[User, str]]:
    people: list[tuple[User, str]] = []
    if incident.commander is not None:
        people.append((incident.commander, "you own this incident."))
    if mark.kind == MarkKind.MISS and incident.account and incident.account.sponsor:
        people.append((incident.account.sponsor, "you are the sponsor of this account."))
    if mark.kind == MarkKind.BREACH and mark.clock.kind == ClockKindChoice.OLA:
        lead = incident.team.lead if incident.team else None
        if lead is not None:
            people.append((lead, f"you lead {incident.team}, whose own time is over."))
    return people
