"""Who reads an incident, and up to where they read it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from config.lib.models import check, unique
from escalations.models.incidents import Incident


class Visit(models.Model):
    """One row a person and incident, refreshed while the page is open. `before_at` and
    `before_seq` say where the visit before this one ended: what came after is new to them."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="visits", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    last_at = models.DateTimeField()
    seen_seq = models.PositiveIntegerField(default=0)
    before_at = models.DateTimeField(null=True, blank=True)
    before_seq = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            unique("visit_person", "incident", "user", sentence="One mark a person and incident."),
            check("visit_order", Q(before_seq__lte=F("seen_seq")), "What was read before is read."),
        ]

    def __str__(self) -> str:
        return f"visit {self.pk}"
