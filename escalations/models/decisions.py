"""What was decided on an incident: what, why, and what else was weighed."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from config.lib.models import check, one_of, paired, unique
from escalations.models.incidents import Incident

UNANSWERED = Q(approved_at=None, declined_at=None, withdrawn_at=None, expired_at=None)


class DecisionKind(models.TextChoices):
    PLAIN = "plain", "Decision"
    ACCELERATED_FIX = "accelerated_fix", "Accelerated fix"
    COMPROMISE = "compromise", "Compromise"


class DecisionQuerySet(models.QuerySet["Decision"]):
    def waiting(self) -> Self:
        return self.exclude(kind=DecisionKind.PLAIN).filter(UNANSWERED)


def _person() -> models.ForeignKey:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )


class Decision(models.Model):
    """A plain decision stands as it is made. An accelerated fix or a compromise bends a rule: it
    counts from another person's approval until `expires_at`; `expire_due_at` waits for the sweep
    and is empty once it has ended."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="decisions", db_index=False)
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=16, choices=DecisionKind)
    title = models.CharField("what is decided", max_length=200)
    rationale = models.TextField("why")
    options = models.JSONField(
        "options weighed", default=list, blank=True, help_text="One sentence each."
    )
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    expires_at = models.DateTimeField(null=True, blank=True)
    expire_due_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = _person()
    declined_at = models.DateTimeField(null=True, blank=True)
    declined_by = _person()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = _person()
    expired_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField("what was answered", max_length=500, blank=True)
    parked_error = models.CharField(max_length=300, blank=True)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["incident", "number"]
        permissions = [
            ("approve_decision", "May approve accelerated fixes and compromises of others"),
        ]
        constraints = [
            unique("decision_number", "incident", "number", sentence="This number is taken."),
            one_of("decision_kind", "kind", DecisionKind),
            check(
                "decision_says_why",
                ~Q(title="") & ~Q(rationale=""),
                "A decision says what and why.",
            ),
            check(
                "decision_expiry",
                Q(kind="plain", expires_at=None)
                | ~Q(kind="plain") & Q(expires_at__isnull=False, expires_at__gt=F("decided_at")),
                "An accelerated fix or a compromise has an end; a plain decision has none.",
            ),
            check(
                "decision_plain",
                ~Q(kind="plain") | Q(approved_at=None, declined_at=None),
                "A plain decision needs no answer.",
            ),
            check(
                "decision_by_another",
                Q(approved_by=None) | ~Q(approved_by=F("decided_by")),
                "Somebody else approves it.",
                "own_request",
            ),
            check(
                "decision_one_end",
                Q(declined_at=None, withdrawn_at=None)
                | Q(declined_at=None, expired_at=None)
                | Q(withdrawn_at=None, expired_at=None),
                "A decision ends in one way.",
            ),
            check(
                "decision_declined_or_approved",
                Q(declined_at=None) | Q(approved_at=None, expired_at=None, withdrawn_at=None),
                "What was declined was not approved.",
            ),
            check(
                "decision_ended_sleeps",
                Q(expire_due_at=None)
                | ~Q(kind="plain") & Q(declined_at=None, withdrawn_at=None, expired_at=None),
                "What has ended does not expire.",
            ),
            paired("decision", at="approved_at", by="approved_by"),
            paired("decision", at="declined_at", by="declined_by"),
            paired("decision", at="withdrawn_at", by="withdrawn_by"),
        ]
        indexes = [
            models.Index(
                fields=["expire_due_at"],
                name="decision_expires",
                condition=Q(expire_due_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"decision {self.number}"

    @property
    def state(self) -> str:
        """decided, waiting, in_force, declined, withdrawn or expired."""
        ends = {
            "declined": self.declined_at,
            "withdrawn": self.withdrawn_at,
            "expired": self.expired_at,
        }
        if ended := next((word for word, at in ends.items() if at), ""):
            return ended
        if self.kind == DecisionKind.PLAIN:
            return "decided"
        return "in_force" if self.approved_at else "waiting"
