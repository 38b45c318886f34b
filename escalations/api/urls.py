"""Everything under /api/v1/ that escalations answers."""

from __future__ import annotations

from django.urls import path

from escalations.api.kpis import KpisView, KpiView
from escalations.api.readings import ReadingsView

urlpatterns = [
    path("readings/", ReadingsView.as_view(), name="api-readings"),
    path("kpis/", KpisView.as_view(), name="api-kpis"),
    path("kpis/<slug:code>/", KpiView.as_view(), name="api-kpi"),
]
