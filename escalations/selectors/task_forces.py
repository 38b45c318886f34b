"""Which rule asks for a task force, and the one that sits."""

from __future__ import annotations

from datetime import datetime

from accounts.rules.zones import zone_named
from accounts.selectors.customers import tier_of
from escalations.models import Incident, TaskForce, TaskForceRule
from escalations.rules.meetings import next_meeting
from escalations.rules.policy import Severity
from escalations.rules.task_forces import Trouble, task_force_for
from escalations.selectors.policies import policy_doc


def rule_for(incident: Incident) -> TaskForceRule | None:
    """The first rule of the version pinned to it that holds. One query where one does."""
    doc = policy_doc(incident.policy_version_id)
    trouble = Trouble(
        severity=Severity(incident.severity),
        tier=tier_of(incident.account).value if incident.account else "",
        product_area=incident.product_area or (incident.kpi.product_area if incident.kpi else ""),
        category=incident.category,
    )
    found = task_force_for(doc, trouble)
    if found is None:
        return None
    of = None if doc.has_task_forces_of_house else incident.policy_version_id
    rows = TaskForceRule.objects.select_related("team", "version__policy")
    return rows.filter(version=of, position=found.position).first()


def where_from(rule: TaskForceRule) -> str:
    """ "row 2 of Standard v4": as the timeline and the card say it."""
    if rule.version is None:
        return f"rule {rule.position} of the house"
    return f"row {rule.position} of {rule.version.policy.name} v{rule.version.number}"


def next_meeting_of(force: TaskForce, at: datetime) -> datetime | None:
    """None without a standing meeting, and once it has ended."""
    if force.ended_at is not None:
        return None
    return next_meeting(
        force.meeting,
        every_h=force.meeting_every_h,
        daily_at=force.meeting_at,
        zone=zone_named(force.meeting_zone),
        start=force.formed_at,
        at=at,
    )
