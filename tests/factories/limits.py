"""Limits of KPIs that others approved long ago."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from escalations.models import Kpi, Threshold


def limits_since(kpi: Kpi, at: datetime, *, number: int = 1, **limits: Any) -> Threshold:
    """Version `number`, which judges from `at` on; what was in force before retires."""
    Threshold.objects.filter(kpi=kpi, state="in_force").update(state="retired", retired_at=at)
    sealed = {"state": "in_force", "effective_from": at, "sha256": "0" * 64}
    values = limits | sealed
    return Threshold.objects.update_or_create(kpi=kpi, number=number, defaults=values)[0]
