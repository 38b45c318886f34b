"""Pauses of automation: who stopped what, why, and until when at the latest."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from config.lib.models import check, one_of, recorded
from escalations.models.kpis import Kpi
from escalations.models.policies import Policy


class PauseScope(models.TextChoices):
    ALL = "all", "Everything"
    POLICY = "policy", "One policy"
    KPI = "kpi", "One KPI"
    LADDER = "ladder", "One ladder"


class PauseQuerySet(models.QuerySet["AutomationPause"]):
    def lasting(self) -> Self:
        """Nobody ended them and the sweep did not either."""
        return self.filter(ended_at=None)


class AutomationPause(models.Model):
    """While it lasts (`ended_at` is empty) it keeps steps of ladders and what KPIs would open.
    `settle_at` waits for the sweep until all that it kept has been let go."""

    scope = models.CharField(max_length=6, choices=PauseScope)
    policy = models.ForeignKey(Policy, models.PROTECT, null=True, blank=True, related_name="+")
    kpi = models.ForeignKey(
        Kpi, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="KPI"
    )
    ladder = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=300)
    paused_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    concerns_s1 = models.BooleanField(
        "concerns an S1", default=False, help_text="One was open in its scope when it began."
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    settle_at = models.DateTimeField(null=True, blank=True)
    parked_error = models.CharField(max_length=300, blank=True)

    objects = PauseQuerySet.as_manager()

    history = recorded(excluded=("settle_at", "parked_error"))

    class Meta:
        ordering = ["-starts_at", "-pk"]
        permissions = [("approve_pause", "May be named as the one who agrees to a pause")]
        constraints = [
            one_of("pause_scope", "scope", PauseScope),
            check(
                "pause_what",
                Q(scope="all", policy=None, kpi=None, ladder="")
                | Q(scope="policy", policy__isnull=False, kpi=None, ladder="")
                | Q(scope="kpi", policy=None, kpi__isnull=False, ladder="")
                | Q(scope="ladder", policy__isnull=False, kpi=None) & ~Q(ladder=""),
                "Name the policy, the KPI, or the policy and its ladder, and nothing else.",
            ),
            check("pause_reason", ~Q(reason=""), "Say why."),
            check("pause_period", Q(ends_at__gt=F("starts_at")), "A pause ends after it starts."),
            check(
                "pause_by_two",
                Q(approver=None) | ~Q(approver=F("paused_by")),
                "Somebody else agrees.",
                "own_request",
            ),
            check(
                "pause_of_s1_approved",
                Q(concerns_s1=False) | Q(approver__isnull=False),
                "Where an S1 is open somebody else agrees.",
                "approver_missing",
            ),
            check(
                "pause_ended_by",
                Q(ended_by=None) | Q(ended_at__isnull=False),
                "Who ended it says when.",
            ),
            check(
                "pause_settles",
                Q(settle_at__isnull=False) | Q(ended_at__isnull=False),
                "A pause that lasts ends by itself.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["settle_at"], name="pause_settle", condition=Q(settle_at__isnull=False)
            ),
            # Asked with every page: empty while nothing is paused.
            models.Index(fields=["id"], name="pause_lasting", condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"pause {self.pk}"
