"""Which rule asks for a task force, and the one that sits."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from accounts.rules.zones import zone_named
from accounts.selectors.customers import tier_of
from escalations.models import Incident, TaskForce, TaskForceRule
from escalations.rules.meetings import next_meeting


def rule_for(incident: Incident) -> TaskForceRule | None:
    """The first active rule whose every condition holds; what is unknown never holds."""
    tier = tier_of(incident.account).value if incident.account else ""
    area = incident.product_area or (incident.kpi.product_area if incident.kpi else "")
    rows = TaskForceRule.objects.filter(is_active=True, severity_at_least__gte=incident.severity)
    rows = rows.filter(Q(tier="") | Q(tier=tier))
    rows = rows.filter(Q(product_area="") | Q(product_area__iexact=area))
    rows = rows.filter(Q(category="") | Q(category=incident.category))
    return rows.select_related("team").first()


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
