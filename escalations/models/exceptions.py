"""Exceptions from a policy: asked for, approved by somebody else, and over by themselves."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Account, Team, User
from config.lib.models import check, one_of, paired, recorded
from escalations.models.incidents import Incident, hidden_teams
from escalations.models.policies import Policy


class ExceptionState(models.TextChoices):
    ASKED = "asked", "Asked"
    APPROVED = "approved", "Approved"
    REFUSED = "refused", "Refused"
    EXPIRED = "expired", "Expired"
    ENDED = "ended", "Ended"


class ExceptionKind(models.TextChoices):
    TARGET = "target", "Another target"
    OTHER = "other", "Another rule"


class BentClock(models.TextChoices):
    RESPONSE = "response", "Response"
    RESTORE = "restore", "Restore"
    RESOLUTION = "resolution", "Resolution"
    CADENCE = "cadence", "Updates"


class ExceptionQuerySet(models.QuerySet["PolicyException"]):
    def in_force(self, at) -> Self:
        return self.filter(state=ExceptionState.APPROVED, starts_at__lte=at, expires_at__gt=at)

    def visible_to(self, user: User) -> Self:
        """None about an incident or a private team that the reader may not see."""
        seen = self.filter(Q(incident=None) | Q(incident__in=Incident.objects.visible_to(user)))
        if user.has_perm("escalations.oversee_incidents"):
            return seen
        return seen.filter(Q(team=None) | ~Q(team__in=hidden_teams(user).values("pk")))


def _person(**more) -> models.ForeignKey:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", **more
    )


class PolicyException(models.Model):
    """Of a whole policy, or of one customer, product area, team or incident under it. Another
    target counts for clocks that start while it is in force; another rule is only written down.
    `settle_at` waits for the sweep and is empty once it is over."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="exceptions")
    account = models.ForeignKey(Account, models.PROTECT, null=True, blank=True, related_name="+")
    product_area = models.CharField(max_length=80, blank=True)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=6, choices=ExceptionKind)
    clock_kind = models.CharField("promise", max_length=12, choices=BentClock, blank=True)
    severity = models.PositiveSmallIntegerField(null=True, blank=True)
    target_s = models.PositiveIntegerField("target, seconds", null=True, blank=True)
    rule = models.CharField("another rule, in words", max_length=300, blank=True)
    reason = models.CharField(max_length=1000)
    cost_minor = models.BigIntegerField(
        "cost, hundredths", null=True, blank=True, help_text="Hundredths of the currency's unit."
    )
    currency = models.CharField(max_length=3, blank=True)
    cost_words = models.CharField("cost in words", max_length=300, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=8, choices=ExceptionState, default=ExceptionState.ASKED, db_index=False
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = _person()
    answer = models.CharField(max_length=500, blank=True)
    starts_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = _person()
    ended_why = models.CharField(max_length=500, blank=True)
    renews = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="renewed_by"
    )
    renewals = models.PositiveSmallIntegerField(
        default=0, help_text="How often the same exception was granted before."
    )
    settle_at = models.DateTimeField(null=True, blank=True)
    parked_error = models.CharField(max_length=300, blank=True)

    objects = ExceptionQuerySet.as_manager()

    history = recorded(excluded=("settle_at", "parked_error"))

    class Meta:
        ordering = ["-asked_at", "-pk"]
        verbose_name = "exception"
        permissions = [("approve_exception", "May approve exceptions that others ask for")]
        constraints = [
            one_of("exception_state", "state", ExceptionState),
            one_of("exception_kind", "kind", ExceptionKind),
            check(
                "exception_scope",
                Q(account=None, team=None, incident=None)
                | Q(account=None, team=None, product_area="")
                | Q(account=None, incident=None, product_area="")
                | Q(team=None, incident=None, product_area=""),
                "Limit it to one customer, product area, team or incident.",
            ),
            check(
                "exception_rule",
                Q(kind="target", target_s__gte=1, rule="", clock_kind__in=BentClock.values)
                | Q(kind="other", target_s=None, clock_kind="", severity=None) & ~Q(rule=""),
                "Another target names its promise; another rule is said in words.",
            ),
            check(
                "exception_severity",
                Q(severity=None) | Q(severity__range=(1, 4)),
                "Severities are S1 to S4.",
            ),
            check("exception_reason", ~Q(reason=""), "Say why."),
            check(
                "exception_cost",
                Q(cost_minor=None, currency="")
                | Q(cost_minor__gte=0, currency__regex="^[A-Z]{3}$"),
                "A cost is 0 or more, with its currency in three capital letters.",
            ),
            check(
                "exception_period",
                Q(expires_at__gt=F("starts_at")),
                "An exception expires after it starts.",
            ),
            check(
                "exception_by_another",
                Q(answered_by=None) | ~Q(answered_by=F("asked_by")),
                "Somebody else answers it.",
                "own_request",
            ),
            check(
                "exception_answered",
                Q(state="asked", answered_at=None)
                | ~Q(state="asked") & ~Q(state__in=("approved", "refused"))
                | Q(state__in=("approved", "refused"), answered_at__isnull=False),
                "What is approved or refused says by whom.",
            ),
            check(
                "exception_ended",
                Q(state="ended", ended_at__isnull=False) & ~Q(ended_why="")
                | ~Q(state="ended") & Q(ended_at=None, ended_why=""),
                "What was ended early says by whom and why.",
            ),
            check(
                "exception_timer",
                Q(state__in=("asked", "approved"), settle_at__isnull=False)
                | ~Q(state__in=("asked", "approved")) & Q(settle_at=None),
                "An exception expires by itself, once.",
            ),
            paired("policyexception", at="answered_at", by="answered_by"),
            paired("policyexception", at="ended_at", by="ended_by"),
        ]
        indexes = [
            models.Index(
                fields=["settle_at"], name="exception_settle", condition=Q(settle_at__isnull=False)
            ),
            models.Index(fields=["state", "-asked_at"], name="exception_list"),
        ]

    def __str__(self) -> str:
        return f"exception {self.pk}"
