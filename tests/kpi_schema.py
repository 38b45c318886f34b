"""A row for each constraint of known events of KPIs, breaking it and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from escalations import models as m


def event(w: dict[str, Any], **changes: Any) -> m.KpiAnnotation:
    values = {
        "kpi": m.Kpi.objects.first(),
        "kind": "promo",
        "label": "Sale",
        "starts_at": w["at"],
        "ends_at": w["at"] + timedelta(hours=1),
        "made_at": w["at"],
        "made_by": w["company"]["agent"],
    }
    return m.KpiAnnotation(**{**values, **changes})


KPI_BREAKERS = {
    "kpi_annotation_period": lambda w: event(w, ends_at=w["at"]),
    "kpi_annotation_label": lambda w: event(w, label=""),
    "kpi_annotation_kind": lambda w: event(w, kind="war"),
    "kpiannotation_withdrawn_at_with_withdrawn_by": lambda w: event(w, withdrawn_at=w["at"]),
}
