"""What a KPI's segment learned for one day: the row that judges the readings of that day."""

from __future__ import annotations

from django.db import models

from config.lib.models import one_of, unique
from escalations.models.kpis import Kpi
from escalations.rules.baselines import Buckets


class LearnedDay(models.Model):
    """Learned once, from values strictly earlier than `day` in `time_zone`; never edited.

    `bands` goes from the bucket (the local hour, or 0 for the whole day) to [centre, spread, how
    many values]; a bucket with too few values is not in it.
    """

    kpi = models.ForeignKey(Kpi, models.PROTECT, related_name="learned_days", db_index=False)
    segment = models.CharField(max_length=120, blank=True)
    day = models.DateField()
    time_zone = models.CharField(max_length=64)
    buckets = models.CharField(max_length=12, choices=[(b.value, b.value) for b in Buckets])
    # Local day of the first value known then; only an earlier one has the day learned again.
    first_on = models.DateField(null=True, blank=True)
    bands = models.JSONField(default=dict, blank=True)
    learned_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Also the index by which a day is read.
            unique(
                "learned_day_identity", "kpi", "segment", "day", sentence="This day is learned."
            ),
            one_of("learned_day_buckets", "buckets", Buckets),
        ]

    def __str__(self) -> str:
        return f"{self.day}"
