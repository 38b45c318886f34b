"""Many incidents at once: one of them pages, the others are listed under it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from config.lib.models import check, unique
from escalations.models.drills import Operational, OperationalQuerySet
from escalations.models.incidents import Incident


class Storm(Operational):
    """`dimension` is what the incidents have in common: "account:CODE", "area:NAME", "kpi:CODE",
    or "all". `look_at` is when it is over unless more come."""

    dimension = models.CharField(max_length=160)
    parent = models.ForeignKey(Incident, models.PROTECT, related_name="storms")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    look_at = models.DateTimeField(null=True, blank=True)
    suppressed = models.PositiveIntegerField("incidents not paged", default=0)

    objects = OperationalQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            unique(
                "storm_open",
                "dimension",
                condition=Q(ended_at=None, drill=None),
                sentence="This storm lasts already.",
            ),
            check(
                "storm_ends_once",
                Q(ended_at=None, look_at__isnull=False)
                | Q(ended_at__isnull=False, ended_at__gte=F("started_at"), look_at=None),
                "A storm ends after its start, and only a storm that lasts is watched.",
            ),
        ]
        indexes = [
            models.Index(fields=["look_at"], name="storm_due", condition=Q(look_at__isnull=False))
        ]

    def __str__(self) -> str:
        return self.dimension
