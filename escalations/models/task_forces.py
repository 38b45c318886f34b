"""The people who sit together on an incident, where, and when they meet.

The rules are rows of a policy version and frozen with it; who is in the team they name is not. Rows
of no version are the house's own, from before versions carried them: nobody changes them any more,
and only incidents under such an old version ask them.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Team
from accounts.models.customers import TierChoice
from accounts.models.people import validate_zone
from config.lib.models import STAMPS, Stamped, begins, check, paired, recorded, unique
from escalations.models.incidents import Incident
from escalations.models.kpis import SEVERITIES
from escalations.models.policies import PolicyVersion

WEB = ("https://", "http://")


class Meeting(models.TextChoices):
    NONE = "", "No standing meeting"
    EVERY = "every", "Every so many hours"
    DAILY = "daily", "Daily at a time"


def _link(name: str, field: str, *schemes: str) -> models.CheckConstraint:
    allowed = Q(**{field: ""}) | begins(field, *schemes)
    return check(name, allowed, f"It begins with {' or '.join(schemes)}.", "bad_link")


def _meeting(name: str) -> models.CheckConstraint:
    hours = Q(meeting_every_h__isnull=False, meeting_every_h__gte=1, meeting_every_h__lte=168)
    every = Q(meeting="every", meeting_at=None) & hours
    daily = Q(meeting="daily", meeting_every_h=None, meeting_at__isnull=False)
    none = Q(meeting="", meeting_every_h=None, meeting_at=None)
    return check(
        name, every | daily | none, "A meeting is every 1 to 168 hours, or daily at a time."
    )


class _Meets(models.Model):
    """Where they talk, and when: every so many hours from the start, or daily at a local time."""

    channel_url = models.CharField("chat channel", max_length=500, blank=True)
    bridge_url = models.CharField("call bridge", max_length=500, blank=True)
    meeting = models.CharField(max_length=5, choices=Meeting, blank=True)
    meeting_every_h = models.PositiveSmallIntegerField("every so many hours", null=True, blank=True)
    meeting_at = models.TimeField("daily at", null=True, blank=True)
    meeting_zone = models.CharField(
        "in the time zone", max_length=64, default="UTC", validators=[validate_zone]
    )

    class Meta:
        abstract = True


class TaskForceRule(_Meets, Stamped):
    """Every condition that is given must hold. The rule with the lowest position wins."""

    version = models.ForeignKey(
        PolicyVersion,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="task_force_rules",
        help_text="None: of the house, from before versions carried task forces.",
    )
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    severity_at_least = models.PositiveSmallIntegerField(choices=SEVERITIES, default=1)
    tier = models.CharField("customer's tier", max_length=16, choices=TierChoice, blank=True)
    product_area = models.CharField(max_length=80, blank=True)
    category = models.CharField(max_length=60, blank=True)
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="who sits in"
    )
    is_active = models.BooleanField(default=True)

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["version", "position", "pk"]
        constraints = [
            unique(
                "task_force_rule_position",
                "position",
                condition=Q(version=None),
                sentence="This place is taken.",
            ),
            unique(
                "task_force_rule_version_position",
                "version",
                "position",
                sentence="This place is taken.",
            ),
            check(
                "task_force_rule_of_version_holds",
                Q(version=None) | Q(is_active=True),
                "A rule of a version holds: take away what should not.",
            ),
            check("task_force_rule_name", ~Q(name=""), "Name the rule."),
            check(
                "task_force_rule_severity",
                Q(severity_at_least__gte=1, severity_at_least__lte=4),
                "Severity is S1 to S4.",
            ),
            check(
                "task_force_rule_tier",
                Q(tier__in=["", *TierChoice.values]),
                "The tier is a word of its list, or empty.",
            ),
            _link("task_force_rule_channel", "channel_url", *WEB),
            _link("task_force_rule_bridge", "bridge_url", *WEB, "tel:"),
            _meeting("task_force_rule_meeting"),
        ]

    def __str__(self) -> str:
        return self.name


class TaskForce(_Meets):
    """Of one incident; what the rule said when it was formed is kept here and may be changed."""

    incident = models.OneToOneField(Incident, models.PROTECT, related_name="task_force")
    rule = models.ForeignKey(TaskForceRule, models.PROTECT, null=True, blank=True, related_name="+")
    formed_at = models.DateTimeField()
    formed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            _link("task_force_channel", "channel_url", *WEB),
            _link("task_force_bridge", "bridge_url", *WEB, "tel:"),
            _meeting("task_force_meeting"),
            paired("taskforce", at="ended_at", by="ended_by"),
        ]

    def __str__(self) -> str:
        return f"task force {self.pk}"


class TaskForceMember(models.Model):
    task_force = models.ForeignKey(
        TaskForce, models.PROTECT, related_name="members", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    joined_at = models.DateTimeField()

    class Meta:
        ordering = ["joined_at", "id"]
        constraints = [
            unique("task_force_member_once", "task_force", "user", sentence="They sit in already."),
        ]

    def __str__(self) -> str:
        return f"member {self.pk}"
