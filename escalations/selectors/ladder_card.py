"""The ladder of an incident as its page shows it: whom each level means, and who was paged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from escalations.models import Incident, LadderRun
from escalations.rules.lifecycle import UNANSWERED
from escalations.rules.policy import Ladder, LadderTarget, PolicyDoc, Severity, TargetKind
from escalations.templatetags.belay import ago, duration


@dataclass(frozen=True, slots=True)
class Step:
    """`state`: done, current, empty or next."""

    label: str
    minutes: str
    state: str
    note: str = ""


def ladder_card(
    incident: Incident, doc: PolicyDoc, run: LadderRun | None, at: datetime
) -> tuple[Step, ...]:
    name = run.ladder if run else incident.explanation.get("ladder")
    name = name or doc.severities[Severity(incident.severity)].ladder
    ladder = doc.ladders.get(name or "")
    if ladder is None:
        return ()
    taken: dict[int, list[Any]] = {}
    if run is not None:
        for step in run.steps.all():
            if step.cycle == run.cycle:
                taken.setdefault(step.level, []).append(step)
    return _levels(ladder, run, taken, at, is_waiting=incident.state in UNANSWERED)


def _levels(
    ladder: Ladder,
    run: LadderRun | None,
    taken: dict[int, list[Any]],
    at: datetime,
    *,
    is_waiting: bool,
) -> tuple[Step, ...]:
    steps, after = [], 0
    for level in ladder.levels:
        rows = taken.get(level.number, [])
        people = [str(row.person) for row in rows if row.person_id]
        note = ""
        if rows:
            note = f"Paged {', '.join(dict.fromkeys(people))} {ago(rows[-1].at, at)}"
        if rows and not people:
            state, note = "empty", "Nobody there: the next level is paged at once"
        elif rows and run and level.number == run.level and run.state == "active":
            state = "current" if is_waiting else "done"
        else:
            state = "done" if rows else "next"
        label = named(level.targets)
        minutes = duration(after) if after else "at once"
        steps.append(Step(label, minutes, state, note))
        after += level.ack_timeout_s
    return tuple(steps)


def named(targets: Iterable[LadderTarget]) -> str:
    def one(target: LadderTarget) -> str:
        ref = target.ref.replace("-", " ").replace("_", " ")
        match target.kind:
            case TargetKind.ROSTER:
                return f"On call: {ref}"
            case TargetKind.ROLE:
                return f"The {ref}"
            case TargetKind.TEAM:
                return f"Team {ref}"
            case TargetKind.MANAGER_OF:
                return f"Manager of {ref}"
        return ref

    text = ", ".join(one(target) for target in targets)
    return text[:1].upper() + text[1:]
