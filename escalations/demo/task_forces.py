"""Who sits together on major trouble of the demo company, by severity and tier."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from escalations.rules.policy import Daily, EveryHours, PolicyDoc, Severity, TaskForceRule

CHAT = "https://chat.belay.example"
MORNING = Daily(time(9, 30), "Europe/Berlin")
RULES = (
    TaskForceRule(
        1,
        "Worst trouble of strategic customers",
        Severity.S1,
        tier="strategic",
        team="frontline",
        channel_url=f"{CHAT}/strategic",
        bridge_url="tel:+493012345678",
        meets=EveryHours(2),
    ),
    TaskForceRule(
        2,
        "Worst trouble",
        Severity.S1,
        team="frontline",
        channel_url=f"{CHAT}/worst",
        bridge_url="https://meet.belay.example/worst",
        meets=EveryHours(4),
    ),
    TaskForceRule(
        3,
        "Major trouble of strategic customers",
        Severity.S2,
        tier="strategic",
        team="frontline",
        channel_url=f"{CHAT}/strategic",
        bridge_url="https://meet.belay.example/major",
        meets=MORNING,
    ),
    TaskForceRule(
        4,
        "Major trouble",
        Severity.S2,
        channel_url=f"{CHAT}/major",
        bridge_url="https://meet.belay.example/major",
        meets=MORNING,
    ),
)


def with_task_forces(doc: PolicyDoc) -> PolicyDoc:
    return replace(doc, task_forces=RULES)
