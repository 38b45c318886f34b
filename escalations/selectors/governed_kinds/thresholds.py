"""Versions of a KPI's limits."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.urls import reverse

from escalations.models import Threshold
from escalations.rules.charts import number
from escalations.rules.policy_diff import Comparison
from escalations.rules.threshold_diff import threshold_sentences
from escalations.selectors.approvals import approvals_needed
from escalations.selectors.governed_kinds.kind import GovernedKind, Said


def limits_of(version: Threshold) -> dict[str, Any]:
    """What a version says, column by column in their order."""
    skipped = {"id", "kpi", "number", "state", "effective_from", "retired_at", "sha256"}
    skipped |= {"published_by", "note", "created_at", "updated_at"}
    fields = [field.name for field in Threshold._meta.concrete_fields]
    return {name: getattr(version, name) for name in fields if name not in skipped}


class Thresholds(GovernedKind[Threshold]):
    said = Said("limits", "limits of a KPI", "escalations.add_threshold", "escalations.view_kpi")
    field = "threshold"
    owner = "kpi"
    model = Threshold

    def title_of(self, version: Threshold) -> str:
        return f"Limits of {version.kpi.name}"

    def needed(self, version: Threshold) -> int:
        return approvals_needed("critical_limits" if version.kpi.is_critical else "limits")

    def compare(
        self, before: Threshold, after: Threshold, *, sees_revenue: bool = False
    ) -> Comparison:
        words = partial(number, unit=after.kpi.unit)
        said = threshold_sentences(
            limits_of(before), limits_of(after), words, sees_revenue=sees_revenue
        )
        return Comparison((), said)

    def home_url(self, version: Threshold) -> str:
        return reverse("kpi", args=[version.kpi.code])
