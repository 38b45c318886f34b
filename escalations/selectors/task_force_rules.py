"""The rules of task forces as a policy version has them."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, F, QuerySet

from accounts.models import Membership, Team
from escalations.models import PolicyVersion, TaskForceRule
from escalations.models.task_forces import Meeting
from escalations.rules import policy as rules
from escalations.rules.policy import PolicyDoc, Severity
from escalations.rules.routing_lint import Finding
from escalations.rules.task_force_lint import lint_task_force_teams


def rows_of(version: PolicyVersion) -> QuerySet[TaskForceRule]:
    """Its own; those of the house where it is older than task forces in versions."""
    if version.carries_task_forces:
        return TaskForceRule.objects.filter(version=version)
    return TaskForceRule.objects.filter(version=None, is_active=True)


def task_forces_of(version: PolicyVersion) -> tuple[rules.TaskForceRule, ...]:
    """One query."""
    return tuple(as_rule(row) for row in rows_of(version).select_related("team"))


def as_rule(row: TaskForceRule) -> rules.TaskForceRule:
    meets: rules.EveryHours | rules.Daily | None = None
    if row.meeting == Meeting.EVERY and row.meeting_every_h is not None:
        meets = rules.EveryHours(row.meeting_every_h)
    elif row.meeting == Meeting.DAILY and row.meeting_at is not None:
        meets = rules.Daily(row.meeting_at, row.meeting_zone)
    return rules.TaskForceRule(
        position=row.position,
        name=row.name,
        severity_at_least=Severity(row.severity_at_least),
        tier=row.tier,
        product_area=row.product_area,
        category=row.category,
        team=row.team.code if row.team else "",
        channel_url=row.channel_url,
        bridge_url=row.bridge_url,
        meets=meets,
    )


def task_force_findings(doc: PolicyDoc, at: datetime) -> list[Finding]:
    """What the teams of now say against a version. Two queries, none without task forces."""
    codes = {rule.team for rule in doc.task_forces} - {""}
    if not codes:
        return []
    serving = dict.fromkeys(
        Team.objects.filter(code__in=codes).order_by().values_list("code", flat=True), 0
    )
    members = Membership.objects.current(at).filter(team__code__in=codes, user__is_active=True)
    counted = members.values_list(F("team__code")).annotate(serving=Count("pk"))
    return list(lint_task_force_teams(doc, serving | dict(counted)))
