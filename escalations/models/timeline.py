"""The story of an incident, for people. Rows are written once and never changed or deleted."""

from __future__ import annotations

from django.db import models

from config.lib.models import one_of, unique
from escalations.models.incidents import Incident
from escalations.models.persons import person


class Visibility(models.TextChoices):
    INTERNAL = "internal"
    CUSTOMER = "customer"


class TimelineEvent(models.Model):
    """`at` is when it happened, `recorded_at` when we wrote it; they differ after a late worker."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="timeline", db_index=False)
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor = person()
    sentence = models.TextField()
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict)
    visibility = models.CharField(max_length=8, choices=Visibility, default=Visibility.INTERNAL)

    class Meta:
        ordering = ["incident", "seq"]
        constraints = [
            unique("timeline_seq", "incident", "seq", sentence="Two events share a place."),
            one_of("timeline_visibility", "visibility", Visibility),
        ]

    def __str__(self) -> str:
        return self.sentence
