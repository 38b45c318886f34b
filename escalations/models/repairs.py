"""A change of promises that run already: proposed with its differences, applied by another."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import ServiceHoursVersion
from config.lib.models import check, one_of, paired, unique
from escalations.models.clocks import Clock
from escalations.models.incidents import Incident
from escalations.models.policies import PolicyVersion


class RepairKind(models.TextChoices):
    POLICY = "policy", "Apply a policy to open incidents"
    CALENDAR = "calendar", "Count by new hours from now on"
    RECOMPUTE = "recompute", "Count by new hours from the start"
    DUE = "due", "Set a due time by hand"


class ClockRepair(models.Model):
    """`rows` is the list of differences as proposed: per clock the old and the new due time."""

    kind = models.CharField(max_length=12, choices=RepairKind)
    policy_version = models.ForeignKey(
        PolicyVersion, models.PROTECT, null=True, blank=True, related_name="+"
    )
    hours = models.ForeignKey(
        ServiceHoursVersion, models.PROTECT, null=True, blank=True, related_name="+"
    )
    clock = models.ForeignKey(Clock, models.PROTECT, null=True, blank=True, related_name="repairs")
    due_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500)
    rows = models.JSONField(default=list)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    applied_at = models.DateTimeField(null=True, blank=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    dropped_at = models.DateTimeField(null=True, blank=True)
    dropped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    settle_at = models.DateTimeField(
        null=True, blank=True, help_text="The next incidents are changed then; empty when all are."
    )
    parked_error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["settle_at"],
                name="repair_settle",
                condition=Q(settle_at__isnull=False),
            )
        ]
        constraints = [
            check(
                "repair_timer",
                Q(settle_at=None) | Q(applied_at__isnull=False),
                "A timer runs once somebody else has applied it.",
            ),
            one_of("repair_kind", "kind", RepairKind),
            check(
                "repair_of_one_thing",
                Q(kind="policy", policy_version__isnull=False, hours=None, clock=None)
                | Q(
                    kind__in=["calendar", "recompute"],
                    hours__isnull=False,
                    policy_version=None,
                    clock=None,
                )
                | Q(
                    kind="due",
                    clock__isnull=False,
                    due_at__isnull=False,
                    policy_version=None,
                    hours=None,
                ),
                "Name what it is by: a policy version, a version of hours, or a clock and a time.",
            ),
            check(
                "repair_by_another",
                Q(applied_by=None) | ~Q(applied_by=F("asked_by")),
                "Somebody else than who asked applies it.",
            ),
            check("repair_reason", ~Q(reason=""), "Say why."),
            check("repair_one_end", Q(applied_at=None) | Q(dropped_at=None), "It ends in one way."),
            paired("clockrepair", at="applied_at", by="applied_by"),
            paired("clockrepair", at="dropped_at", by="dropped_by"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.asked_at:%d %b %Y}"

    @property
    def state(self) -> str:
        """asked, applying, applied or dropped."""
        if self.settle_at is not None:
            return "applying"
        return "applied" if self.applied_at else "dropped" if self.dropped_at else "asked"


class RepairAnswer(models.Model):
    """What became of one incident of a repair, once and for good: changed, or left as it was."""

    repair = models.ForeignKey(ClockRepair, models.PROTECT, related_name="answers")
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="+")
    is_moved = models.BooleanField()
    why = models.CharField("why it was kept", max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["repair", "incident"]
        constraints = [
            unique(
                "repair_answer_once", "repair", "incident", sentence="This incident has its answer."
            ),
            check(
                "repair_answer_why",
                Q(is_moved=True, why="") | Q(is_moved=False) & ~Q(why=""),
                "What was kept says why.",
            ),
        ]

    def __str__(self) -> str:
        return "changed" if self.is_moved else f"kept: {self.why}"
