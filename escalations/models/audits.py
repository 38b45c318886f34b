"""The house looks at itself: what should have happened against what did."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from config.lib.models import one_of, unique
from escalations.models.incidents import Incident


class Check(models.TextChoices):
    CLOCK_UNSAID = "clock_unsaid", "A broken promise was not said"
    CLOCK_ASLEEP = "clock_asleep", "A running clock waits for nothing"
    CLOCK_ALTERED = "clock_altered", "A clock differs from its ledger"
    LADDER_ASLEEP = "ladder_asleep", "A ladder that climbs has no next step"
    LADDER_MISSING = "ladder_missing", "Nobody was paged for an incident"
    PAGE_LOST = "page_lost", "A step has no message"
    UNSENT = "unsent", "A message did not leave"
    OVERDUE = "overdue", "A timer was not settled"
    PARKED = "parked", "A timer failed and was put off"
    TIME_BACK = "time_back", "The clock went back"
    PROCESS_SILENT = "process_silent", "A process is silent"


class Audit(models.Model):
    """One look. `lateness` holds per kind count, p50, p95, p99 and max in milliseconds over the
    last hour; `cursor` is where the walk over all open incidents goes on."""

    at = models.DateTimeField(unique=True)
    took_ms = models.PositiveIntegerField()
    looked_at = models.PositiveIntegerField()
    open_findings = models.PositiveIntegerField()
    oldest_unsent_s = models.PositiveIntegerField(default=0)
    queued_jobs = models.PositiveIntegerField(default=0)
    cursor = models.PositiveBigIntegerField(default=0)
    lateness = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} UTC"


class AuditFinding(models.Model):
    """Told once, open until a later look finds it mended. `thing` names the row, "clock 12"."""

    code = models.CharField(max_length=20, choices=Check)
    thing = models.CharField(max_length=120)
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, blank=True, related_name="+")
    sentence = models.CharField(max_length=300)
    due_at = models.DateTimeField(null=True, blank=True)
    found_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-found_at", "-pk"]
        constraints = [
            one_of("audit_finding_code", "code", Check),
            unique(
                "audit_finding_open",
                "code",
                "thing",
                condition=Q(cleared_at=None),
                sentence="This was found already.",
            ),
        ]

    def __str__(self) -> str:
        return self.sentence
