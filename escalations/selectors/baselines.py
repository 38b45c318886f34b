"""Reads of what was learned, and of the values to learn from."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime

from django.db.models import OuterRef, QuerySet, Subquery

from escalations.models import LearnedDay, Reading, Series
from escalations.models.kpis import Quality


def learned_days(
    keys: Collection[tuple[int, str]], days: Collection[date]
) -> dict[tuple[int, str], list[LearnedDay]]:
    """What is learned for these days, by (kpi id, segment). One query."""
    rows = LearnedDay.objects.filter(
        kpi__in={kpi for kpi, _ in keys}, segment__in={segment for _, segment in keys}, day__in=days
    )
    found: dict[tuple[int, str], list[LearnedDay]] = {key: [] for key in keys}
    for row in rows:
        if (key := (row.kpi_id, row.segment)) in found:
            found[key].append(row)
    return found


def first_value_at(kpi_id: int, segment: str) -> datetime | None:
    """When the first valid value was measured: one look into the index for each series."""
    first = Reading.objects.filter(series=OuterRef("pk"), quality=Quality.VALID).order_by("at")
    found: Iterable[datetime | None] = (
        Series.objects.filter(kpi=kpi_id, segment=segment)
        .annotate(first=Subquery(first.values("at")[:1]))
        .values_list("first", flat=True)
    )
    return min((when for when in found if when is not None), default=None)


def values_of(
    kpi_id: int, segment: str, *, start: datetime, before: datetime
) -> QuerySet[Reading, tuple[datetime, float]]:
    """Valid (at, value) of a KPI's segment in [start, before), in no order."""
    return Reading.objects.filter(
        series__kpi=kpi_id,
        series__segment=segment,
        quality=Quality.VALID,
        at__gte=start,
        at__lt=before,
    ).values_list("at", "value")
