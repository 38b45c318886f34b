"""A change of account value before the demo's committee, with one approval of two."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import User
from escalations.demo.stage import Stage
from escalations.services.changes import approve
from escalations.services.value_versions import ask_value

WHY = "A third of our customers are Enterprise: the word should mean something again."
CHANGES = {"enterprise_from": 70, "influence_weight": 15, "importance_weight": 35}


def plan_value(stage: Stage, people: dict[str, User], at: datetime) -> None:
    asked: dict[str, int] = {}

    def ask(now: datetime) -> None:
        found = ask_value(CHANGES, effective_from=None, by=people["governor2"], at=now, reason=WHY)
        asked["value"] = found.pk

    def agree(now: datetime) -> None:
        approve(asked["value"], by=people["governor3"], at=now, comment="Agreed.")

    stage.plan(at - timedelta(hours=16), ask)
    stage.plan(at - timedelta(hours=4), agree)
