"""Which gaps ahead were told of, so that looking again says nothing twice."""

from __future__ import annotations

from django.db import models

from accounts.models.rosters import Roster
from config.lib.models import unique


class GapTold(models.Model):
    """`stage` is the number of days before it. A gap that was closed is forgotten: if it opens
    again, it is told again."""

    roster = models.ForeignKey(Roster, models.CASCADE, related_name="gaps_told")
    start_at = models.DateTimeField()
    stage = models.PositiveSmallIntegerField()
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            unique(
                "gap_told_once",
                "roster",
                "start_at",
                "stage",
                sentence="This gap was told of at this stage.",
            )
        ]

    def __str__(self) -> str:
        return f"gap told {self.pk}"
