"""Everything under /api/v1/ of this app."""

from django.urls import path

from escalations.api.incidents import (
    IncidentDetail,
    IncidentExplain,
    IncidentList,
    IncidentTimeline,
    as_verb,
)
from escalations.api.kpis import KpisView, KpiView
from escalations.api.operations import (
    ClockDetail,
    ClockList,
    LadderDetail,
    LadderList,
    NoticeDetail,
    NoticeList,
)
from escalations.api.policies import (
    PolicyDetail,
    PolicyList,
    PolicyVersionDetail,
    PolicyVersionList,
)
from escalations.api.readings import ReadingsView
from escalations.api.signals import SignalList
from escalations.api.thresholds import ThresholdsView
from escalations.rules.lifecycle import Verb

urlpatterns = [
    path("readings/", ReadingsView.as_view(), name="readings"),
    path("kpis/", KpisView.as_view(), name="kpis"),
    path("kpis/<slug:code>/", KpiView.as_view(), name="kpi"),
    path("kpis/<slug:code>/thresholds/", ThresholdsView.as_view(), name="kpi_thresholds"),
    path("signals/", SignalList.as_view(), name="signals"),
    path("clocks/", ClockList.as_view(), name="clocks"),
    path("clocks/<int:id>/", ClockDetail.as_view(), name="clock"),
    path("ladder-runs/", LadderList.as_view(), name="ladder_runs"),
    path("ladder-runs/<int:id>/", LadderDetail.as_view(), name="ladder_run"),
    path("notices/", NoticeList.as_view(), name="notices"),
    path("notices/<int:id>/", NoticeDetail.as_view(), name="notice"),
    path("policies/", PolicyList.as_view(), name="policies"),
    path("policies/<slug:code>/", PolicyDetail.as_view(), name="policy"),
    path("policies/<slug:code>/versions/", PolicyVersionList.as_view(), name="policy_versions"),
    path(
        "policies/<slug:code>/versions/<int:number>/",
        PolicyVersionDetail.as_view(),
        name="policy_version",
    ),
    path("incidents/", IncidentList.as_view(), name="incidents"),
    path("incidents/<int:number>/", IncidentDetail.as_view(), name="incident"),
    path("incidents/<int:number>/explain/", IncidentExplain.as_view(), name="incident_explain"),
    path("incidents/<int:number>/timeline/", IncidentTimeline.as_view(), name="incident_timeline"),
    *(
        path(f"incidents/<int:number>/{verb.value}/", as_verb(verb), name=f"incident_{verb.value}")
        for verb in Verb
    ),
]
