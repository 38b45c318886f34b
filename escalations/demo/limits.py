"""Two changes of limits before the demo's committee: one waits for its second approval, one takes
effect in three days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from escalations.demo.stage import Stage
from escalations.models import Kpi
from escalations.selectors.kpis import judging
from escalations.services.changes import approve, ask_approval
from escalations.services.threshold_versions import draft_thresholds

WAITS = "Two false alarms a week: one reading more before anybody is woken."
COMES = "It clears and breaches again within a day: two good readings more before it is over."


def plan_limits(stage: Stage, people: dict[str, User], at: datetime) -> None:
    owner = people["kpi-owner"]
    critical = Kpi.objects.filter(is_critical=True).order_by("code").first()
    usual = Kpi.objects.filter(is_critical=False).order_by("code").first()
    asked: dict[str, int] = {}

    def ask(name: str, kpi: Kpi, changes: dict[str, Any], reason: str, **given: Any) -> Any:
        def step(now: datetime) -> None:
            draft = draft_thresholds(kpi, changes, by=owner, at=now, note=reason)
            said = {"reason": reason, **given}
            found = ask_approval(kpi.code, draft.number, said, by=owner, at=now, kind="limits")
            asked[name] = found.pk

        return step

    def agree(name: str, who: str) -> Any:
        return lambda now: approve(asked[name], by=people[who], at=now, comment="Agreed.")

    if critical is None or usual is None:
        return
    now_of = judging(critical.thresholds.all())[-1]
    calmer = {"n": now_of.n + 1, "m": max(now_of.n + 1, now_of.m)}
    stage.plan(at - timedelta(hours=26), ask("waits", critical, calmer, WAITS))
    stage.plan(at - timedelta(hours=5), agree("waits", "governor2"))
    when = {"effective_from": at + timedelta(days=3)}
    stage.plan(
        at - timedelta(hours=22),
        ask("comes", usual, {"c": judging(usual.thresholds.all())[-1].c + 2}, COMES, **when),
    )
    stage.plan(at - timedelta(hours=18), agree("comes", "governor"))
