"""What is known of an incident."""

from __future__ import annotations

from django.db import models

from escalations.models.incidents import Incident


class Fact(models.Model):
    """What is known, with the time of the event and the time we heard of it. Append-only."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="facts_log")
    name = models.CharField(max_length=40)
    value = models.JSONField()
    source = models.CharField(max_length=120)
    at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["received_at", "id"]

    def __str__(self) -> str:
        return self.name
