"""Messages received, and the episodes they speak of."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Account
from config.lib.models import check, unique
from escalations.models.drills import Operational, OperationalQuerySet
from escalations.models.kpis import Kpi


class Delivery(models.Model):
    """One received message, so that a sender's retry gets the first answer again.

    Identity: the sender's Idempotency-Key, or the hash of a message that carries its own time.
    """

    source = models.CharField(max_length=120)
    key = models.CharField(max_length=255)
    body_sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    received_from = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            unique("delivery_identity", "source", "key", sentence="This message was received.")
        ]
        indexes = [models.Index(fields=["received_at"], name="delivery_received")]

    def __str__(self) -> str:
        return self.key


class SeverityHint(models.TextChoices):
    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Signal(Operational):
    """One episode of something being off: from first firing to resolved, repeats counted."""

    source = models.CharField(max_length=120)
    dedup_key = models.CharField(max_length=255)
    incident = models.ForeignKey(
        "escalations.Incident", models.PROTECT, null=True, related_name="signals"
    )
    window = models.ForeignKey(
        "escalations.MaintenanceWindow",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="kept",
        db_index=False,
        help_text="Kept by this window, without an incident as long as it lasts.",
    )
    kept_by = models.ForeignKey(
        "escalations.AutomationPause",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="kept_signals",
        db_index=False,
        help_text="Kept by this pause of automation, without an incident as long as it lasts.",
    )
    title = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    severity_hint = models.CharField(max_length=8, choices=SeverityHint, blank=True)
    declared_severity = models.PositiveSmallIntegerField(
        null=True, help_text="What the KPI declares for the state it is in."
    )
    period_end = models.DateTimeField(null=True, blank=True)
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, related_name="+", db_index=False
    )
    product_area = models.CharField(max_length=80, blank=True)
    category = models.CharField(max_length=60, blank=True)
    facts = models.JSONField(default=dict)
    anchors = models.JSONField(default=dict)
    kpi = models.ForeignKey(Kpi, models.PROTECT, null=True, related_name="+", db_index=False)
    segment = models.CharField(max_length=120, blank=True)
    kpi_state = models.CharField(
        max_length=8, blank=True, help_text="The state the KPI went to, as of the newest flip."
    )
    channel = models.CharField(max_length=80, blank=True)
    arrived_by = models.CharField(
        max_length=40, blank=True, help_text="How it reached the person who wrote it down."
    )
    seen_at = models.DateTimeField(null=True, blank=True, help_text="When a person first saw it.")
    occurrences = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(help_text="When it began, as the sender says.")
    last_at = models.DateTimeField()
    received_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = OperationalQuerySet.as_manager()

    class Meta:
        constraints = [
            unique(
                "signal_open_episode",
                "source",
                "dedup_key",
                condition=Q(ended_at=None, drill=None),
                sentence="This episode is open already.",
            ),
            check("signal_occurrences", Q(occurrences__gte=1), "An episode has one occurrence."),
        ]
        indexes = [
            models.Index(fields=["source", "dedup_key", "-ended_at"], name="signal_identity"),
            *(
                models.Index(
                    fields=[name],
                    name=f"signal_{name}",
                    condition=Q(**{f"{name}__isnull": False}),
                )
                for name in ("kept_by", "window", "kpi")
            ),
        ]

    def __str__(self) -> str:
        return self.title
