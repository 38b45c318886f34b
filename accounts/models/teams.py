from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from config.lib.models import STAMPS, Stamped, check, recorded, unique


class Team(Stamped):
    """Who works a kind of incident together. A private team's incidents are for members only."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    lead = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="leads"
    )
    service_hours = models.ForeignKey(
        "accounts.ServiceHours", models.PROTECT, null=True, blank=True, related_name="+"
    )
    is_private = models.BooleanField(
        default=False,
        help_text="Only members, responders and people who oversee everything see its incidents.",
    )

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def current(self, at: datetime) -> MembershipQuerySet:
        return self.filter(valid_from__lte=at).filter(Q(valid_to=None) | Q(valid_to__gt=at))


class Membership(Stamped):
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    capacity = models.PositiveSmallIntegerField(
        default=100, help_text="Per cent of a full load this person takes in this team."
    )
    skills = models.JSONField(default=list, blank=True, help_text="List of skill codes.")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    history = recorded(excluded=STAMPS)

    class Meta:
        constraints = [
            check(
                "membership_period",
                Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
                "A membership ends after it begins.",
            ),
            check(
                "membership_capacity",
                Q(capacity__gte=1, capacity__lte=200),
                "Capacity is 1 to 200 per cent.",
            ),
            unique(
                "membership_open",
                "team",
                "user",
                condition=Q(valid_to=None),
                sentence="This person is in this team already.",
            ),
        ]

    def __str__(self) -> str:
        return f"membership {self.pk}"
