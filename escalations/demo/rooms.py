"""What people brought to the demo's incidents: evidence, decisions, milestones, a task force."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from escalations.demo.incidents import Incidents
from escalations.demo.stage import minutes
from escalations.models import Incident
from escalations.services.decisions import approve_decision, decide
from escalations.services.evidence import add_file, add_link
from escalations.services.milestones import add_milestone, add_workstream, finish_milestone
from escalations.services.snapshots import keep_openings
from escalations.services.task_forces import form_task_force

LOG = b"""10:02:11 order 88121 took 9.8 s
10:02:14 order 88123 took 11.2 s
10:02:19 order 88127 timed out
"""


def furnish(crowd: Incidents, number: int, at: datetime) -> None:
    """One open incident as its people use it, planned for the minutes before `at`."""
    people, stage = crowd.people, crowd.stage

    def gathered(now: datetime) -> None:
        by = people["agent"]
        form_task_force(number, by=by, at=now)
        add_workstream(number, name="Order pages", owner="agent2", by=by, at=now)
        log: dict[str, Any] = {
            "name": "orders.log",
            "title": "Slow orders of one minute",
            "content": LOG,
        }
        add_file(number, text="Every third order waits.", by=by, at=now, **log)
        link = "https://graphs.belay.example/orders?from=morning"
        add_link(number, title="Time of order pages", url=link, by=by, at=now)

    def planned(now: datetime) -> None:
        by = people["agent"]
        due = at + minutes(50)
        asked: dict[str, Any] = {
            "title": "Roll back the second region",
            "owner": "agent2",
            "due_at": due,
        }
        add_milestone(number, stage="contain", by=by, at=now, **asked)
        first = add_milestone(
            number, title="Ask the shop for its graphs", owner="agent", due_at=due, by=by, at=now
        )
        finish_milestone(first.pk, by=by, at=now)

    def decided(now: datetime) -> None:
        by = people["agent"]
        decide(
            number,
            kind="plain",
            title="Roll back region by region",
            rationale="One region is fast again; the other still serves customers.",
            options=["Roll back both at once: ten minutes without orders", "One after the other"],
            by=by,
            at=now,
        )
        decision = decide(
            number,
            kind="compromise",
            title="Totals are shown without delivery costs",
            rationale="Their price service is what is slow.",
            options=["Show no total", "Show it without delivery costs until the roll-back ends"],
            expires_at=at + timedelta(hours=4),
            by=by,
            at=now,
        )
        approve_decision(decision.pk, answer="Until tonight.", by=people["duty"], at=now)

    def waits(now: datetime) -> None:
        decide(
            number,
            kind="accelerated_fix",
            title="Skip the nightly test run for the fix",
            rationale="It takes three hours; the fix is one line that two people read.",
            options=["Wait for the test run", "Skip it, and run it right after"],
            expires_at=at + timedelta(hours=12),
            by=people["agent"],
            at=now,
        )

    stage.plan(at - minutes(40), gathered)
    stage.plan(at - minutes(35), planned)
    stage.plan(at - minutes(30), decided)
    stage.plan(at - minutes(6), waits)
    stage.plan(at - minutes(2), keep)


def keep(now: datetime) -> None:
    keep_openings(now, limit=Incident.objects.count() or 1)
