"""Passing an incident on: a packet, and the word of the one who is asked."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Team
from config.lib.models import check, paired, unique
from escalations.models.drills import Operational, OperationalQuerySet
from escalations.models.incidents import Incident

UNANSWERED = Q(accepted_at=None, declined_at=None, withdrawn_at=None, returned_at=None)


class HandoffQuerySet(OperationalQuerySet):
    def pending(self) -> Self:
        return self.filter(UNANSWERED)

    def accepted(self) -> Self:
        return self.filter(accepted_at__isnull=False)


def _person(**more: Any) -> models.ForeignKey:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", **more
    )


class Handoff(Operational):
    """Owner and clocks stay with the sender until it is accepted. Of the four ends at most one is
    set; `expires_at` waits for the sweep and is empty once there is an answer."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="handoffs", db_index=False)
    number = models.PositiveSmallIntegerField()
    from_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    from_team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    to_user = _person()
    to_team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    summary = models.TextField()
    status = models.TextField()
    risks = models.TextField()
    next_step = models.CharField(max_length=300)
    next_step_owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    next_step_due_at = models.DateTimeField()
    waits = models.JSONField(default=list, blank=True, help_text="What was awaited, by clock.")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = _person()
    declined_at = models.DateTimeField(null=True, blank=True)
    declined_by = _person()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = _person()
    returned_at = models.DateTimeField(
        null=True, blank=True, help_text="Nobody answered in time, or the incident moved on."
    )
    reason = models.CharField(max_length=500, blank=True)
    is_return = models.BooleanField(
        default=False, help_text="To a team or person that had it before; known when accepted."
    )
    parked_error = models.CharField(max_length=300, blank=True)

    objects = HandoffQuerySet.as_manager()

    class Meta:
        ordering = ["incident", "number"]
        constraints = [
            unique("handoff_number", "incident", "number", sentence="This number is taken."),
            unique(
                "handoff_one_pending",
                "incident",
                condition=UNANSWERED,
                sentence="A hand-off of this incident waits for an answer already.",
            ),
            check(
                "handoff_to_somebody",
                Q(to_user__isnull=False) | Q(to_team__isnull=False),
                "A hand-off goes to a person or a team.",
            ),
            check(
                "handoff_packet",
                ~Q(summary="") & ~Q(status="") & ~Q(risks="") & ~Q(next_step=""),
                "A hand-off carries a summary, the status, the risks and the next step.",
            ),
            check(
                "handoff_answered_sleeps",
                Q(expires_at=None) | UNANSWERED,
                "What was answered does not expire.",
            ),
            check(
                "handoff_one_end",
                Q(declined_at=None, withdrawn_at=None, returned_at=None)
                | Q(accepted_at=None, withdrawn_at=None, returned_at=None)
                | Q(accepted_at=None, declined_at=None, returned_at=None)
                | Q(accepted_at=None, declined_at=None, withdrawn_at=None),
                "A hand-off ends in one way.",
            ),
            paired("handoff", at="accepted_at", by="accepted_by"),
            paired("handoff", at="declined_at", by="declined_by"),
            paired("handoff", at="withdrawn_at", by="withdrawn_by"),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                name="handoff_expires",
                condition=Q(expires_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"hand-off {self.number}"

    @property
    def is_pending(self) -> bool:
        return self.answered_at is None

    @property
    def answered_at(self) -> datetime | None:
        return self.accepted_at or self.declined_at or self.withdrawn_at or self.returned_at

    @property
    def outcome(self) -> str:
        """pending, accepted, declined, withdrawn or returned."""
        ends = {
            "accepted": self.accepted_at,
            "declined": self.declined_at,
            "withdrawn": self.withdrawn_at,
            "returned": self.returned_at,
        }
        return next((word for word, at in ends.items() if at), "pending")

    @property
    def receiver(self) -> str:
        """Who is asked, in words. Reads both relations."""
        if self.to_user and self.to_team:
            return f"{self.to_user} of {self.to_team}"
        return str(self.to_user or self.to_team)
