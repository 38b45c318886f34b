"""Exceptions in the demo: two in force, one expired, one asked; and a pause that is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from escalations.demo.incidents import Incidents
from escalations.services.automation import pause_automation
from escalations.services.exceptions import approve_exception, ask_exception

DAY = timedelta(days=1)


def plan_exceptions(crowd: Incidents, at: datetime) -> None:
    """Each is asked for in its own time; the sweep ends those whose time is over."""
    stage, people = crowd.stage, crowd.people

    def asked(back: int, lasts: int, by: str, answer_by: str = "", **given: Any) -> None:
        def ask(now: datetime) -> None:
            found = ask_exception({**given, "expires_at": now + lasts * DAY}, by=people[by], at=now)
            if answer_by:
                approve_exception(
                    found.pk, answer="Agreed.", by=people[answer_by], at=now + DAY / 24
                )

        stage.plan(at - back * DAY, ask)

    asked(
        75, 30, "agent", "governor",
        policy="standard", account="halden", clock_kind="resolution", severity=3,
        target_s=48 * 3600,
        reason="Halden IT answers on two days of the week while their office moves.",
        cost_minor=180_000, currency="EUR", owner="duty",
    )  # fmt: skip
    asked(
        26, 40, "duty", "sponsor",
        policy="standard", account="northwind", clock_kind="cadence", severity=2, target_s=2 * 3600,
        reason="Northwind asked for fewer updates while both teams sit in one room.",
        cost_minor=90_000, currency="USD",
        cost_words="One more check-in call a week.",
    )  # fmt: skip
    asked(
        3, 12, "senior", "governor",
        policy="standard", product_area="reporting",
        rule="Dashboards may lag an hour without an incident.",
        reason="The nightly job is being rewritten.", cost_words="Questions to support.",
    )  # fmt: skip
    asked(
        1, 20, "agent2",
        policy="standard", account="lumen", clock_kind="restore", severity=2, target_s=12 * 3600,
        reason="Lumen's second region waits for their own release.",
        cost_minor=250_000, currency="EUR",
    )  # fmt: skip

    def paused(now: datetime) -> None:
        given = {"scope": "kpi", "kpi": "cpc", "ends_at": now + 3 * DAY / 24}
        reason = "The feed of the ad exchange repeated yesterday's figures."
        pause_automation({**given, "reason": reason}, by=people["duty"], at=now)

    stage.plan(at - 9 * DAY, paused)
