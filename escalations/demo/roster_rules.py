"""A roster whose rules others approve, and a change of them before the committee."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import Roster, RosterPlan, User
from accounts.services.roster_plans import ensure_first, layers_of_plan
from config.lib.history import told
from escalations.demo.stage import Stage
from escalations.services.roster_requests import ask_roster

CODE = "primary"
WHY = "Turns of two weeks: fewer hand-overs, longer rest."


def plan_roster_rules(stage: Stage, people: dict[str, User], at: datetime) -> None:
    def ask(now: datetime) -> None:
        roster = Roster.objects.filter(code=CODE).first()
        if roster is None:
            return
        roster.by_request = True
        told(roster, by=people["governor"], reason="Two pairs of eyes.", at=now).save()
        ensure_first(roster, now)
        held = RosterPlan.objects.filter(roster=roster).first()
        if held is not None:
            layers = layers_of_plan(held, every=2)
            ask_roster(roster, layers, by=people["governor"], at=now, reason=WHY)

    stage.plan(at - timedelta(hours=10), ask)
