"""A drill runs incidents, clocks and ladders at its own time and reaches nobody.

Every operational row has a nullable `drill`; reading starts from `.real()` or `.of_drill(drill)`.
"""

from __future__ import annotations

from typing import Self

from django.db import models


class Drill(models.Model):
    name = models.CharField(max_length=120)
    started_at = models.DateTimeField()
    clock_at = models.DateTimeField(help_text="The drill's own time.")
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class OperationalQuerySet(models.QuerySet):
    def real(self) -> Self:
        return self.filter(drill=None)

    def of_drill(self, drill: Drill | None) -> Self:
        """The rows of one drill, or the real ones for None."""
        return self.filter(drill=drill)


class Operational(models.Model):
    """A row that a drill may own."""

    drill = models.ForeignKey(
        Drill, models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        abstract = True
