"""The rules of task forces written into a draft."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from accounts.models import Team
from escalations.models import Policy, PolicyVersion, TaskForceRule
from escalations.models.task_forces import Meeting
from escalations.rules import policy as rules
from escalations.rules.policy import PolicyDoc
from escalations.selectors.policies import policy_doc
from escalations.selectors.task_force_rules import rows_of


def with_task_forces(policy: Policy, doc: PolicyDoc) -> PolicyDoc:
    """A document written before versions carried task forces keeps those of the present version:
    an old file brought back takes nobody's task force away."""
    if not doc.has_task_forces_of_house:
        return doc
    versions = policy.versions
    now = versions.filter(state="in_force").first() or versions.order_by("number").last()
    kept = policy_doc(now.pk).task_forces if now else ()
    return replace(doc, task_forces=kept, has_task_forces_of_house=False)


def store_task_forces(
    version: PolicyVersion, said: Iterable[rules.TaskForceRule], teams: Mapping[str, Team]
) -> None:
    TaskForceRule.objects.bulk_create(
        TaskForceRule(
            version=version,
            position=position,
            name=each.name,
            severity_at_least=each.severity_at_least,
            tier=each.tier,
            product_area=each.product_area,
            category=each.category,
            team=teams[each.team] if each.team else None,
            channel_url=each.channel_url,
            bridge_url=each.bridge_url,
            **_meeting(each.meets),
        )
        for position, each in enumerate(said, 1)
    )


def _meeting(meets: rules.EveryHours | rules.Daily | None) -> dict[str, Any]:
    match meets:
        case rules.EveryHours():
            return {"meeting": Meeting.EVERY, "meeting_every_h": meets.hours}
        case rules.Daily():
            return {
                "meeting": Meeting.DAILY,
                "meeting_at": meets.at,
                "meeting_zone": meets.zone,
            }
    return {}


def take_task_forces_of_house(version: PolicyVersion) -> None:
    """A version from before is a draft again: what it is mended to says its own. The caller saves
    it."""
    if version.carries_task_forces:
        return
    rows = list(rows_of(version))
    for row in rows:
        row.pk, row.version, row._state.adding = None, version, True
    TaskForceRule.objects.bulk_create(rows)
    version.carries_task_forces = True
