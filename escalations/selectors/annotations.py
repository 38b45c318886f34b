"""Reads of known events, and who may write them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from accounts.models import User
from escalations.models import Kpi, KpiAnnotation

Span = tuple[datetime, datetime]


def may_annotate(kpi: Kpi, person: User) -> bool:
    """Its owner and its data steward, and whoever may change any KPI."""
    return person.pk in (kpi.owner_id, kpi.steward_id) or person.has_perm("escalations.change_kpi")


def annotations_between(kpi: Kpi, start: datetime, end: datetime) -> list[KpiAnnotation]:
    rows = KpiAnnotation.objects.standing().filter(kpi=kpi, starts_at__lt=end, ends_at__gt=start)
    return list(rows.select_related("made_by"))


def masks_of(kpis: Collection[int]) -> dict[int, list[Span]]:
    """KPI id -> the spans of its known events. One query."""
    found: dict[int, list[Span]] = {pk: [] for pk in kpis}
    rows = KpiAnnotation.objects.standing().filter(kpi__in=kpis)
    for pk, start, end in rows.values_list("kpi_id", "starts_at", "ends_at"):
        found[pk].append((start, end))
    return found


def is_masked(spans: Collection[Span], at: datetime) -> bool:
    return any(start <= at < end for start, end in spans)
