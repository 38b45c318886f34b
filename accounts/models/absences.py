"""Who is away. Recorded and withdrawn, never deleted: what was known at a time stays known."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from config.lib.models import check, recorded


class Absence(models.Model):
    """On no roster in [start_at, end_at), by layer or by override."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="absences")
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    history = recorded()

    class Meta:
        ordering = ["start_at", "id"]
        indexes = [models.Index(fields=["user", "end_at"], name="absence_user_end")]
        constraints = [
            check("absence_period", Q(end_at__gt=F("start_at")), "An absence ends after it begins.")
        ]

    def __str__(self) -> str:
        return f"absence {self.pk}"
