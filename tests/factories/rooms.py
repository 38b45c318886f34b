"""One of each thing that people bring to an incident."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from escalations.models import CustomerLetter, PolicyVersion, TaskForceRule, TimelineEvent
from escalations.rules.lifecycle import Verb
from escalations.selectors.policies import clear_caches
from escalations.services.decisions import decide
from escalations.services.evidence import add_file
from escalations.services.milestones import add_milestone, add_workstream
from escalations.services.moves import perform
from escalations.services.task_forces import form_task_force


def plant_room(number: int, people: dict[str, Any], at: Any, words: str = "Seen") -> dict[str, int]:
    """`words` stand in every text. The agent brings all of it; keys by the kind of thing."""
    by = people["agent"]
    perform(number, Verb.NOTE, {"text": f"{words} on a screen."}, by=by, at=at)
    content = f"{words}\n".encode()
    ends = at + timedelta(hours=8)
    decision = decide(
        number,
        kind="compromise",
        title=f"{words} and decided",
        rationale=f"{words}, so we go on.",
        options=[f"{words} one", f"{words} two"],
        expires_at=ends,
        by=by,
        at=at,
    )
    form_task_force(number, by=by, at=at)
    letter = CustomerLetter.objects.create(
        incident_id=number, name="Ada", subject=words, text=words, created_at=at, sent_at=at
    )
    return {
        "letter": letter.pk,
        "note": TimelineEvent.objects.filter(incident=number, kind="note").latest("seq").seq,
        "evidence": add_file(number, name=f"{words}.txt", content=content, by=by, at=at).pk,
        "decision": decision.pk,
        "workstream": add_workstream(
            number, name=f"{words} stream", owner="agent", by=by, at=at
        ).pk,
        "milestone": add_milestone(
            number, title=f"{words} milestone", owner="agent", due_at=ends, by=by, at=at
        ).pk,
    }


def task_force_rule(**more: Any) -> TaskForceRule:
    """A row of the version in force, in place of those it has but for others made here."""
    version = PolicyVersion.objects.get(state="in_force")
    version.task_force_rules.filter(position__lt=90).delete()
    values = {"position": 90, "name": "Major trouble", "severity_at_least": 2, **more}
    clear_caches()
    return TaskForceRule.objects.create(version=version, **values)
