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
from escalations.api.readings import ReadingsView
from escalations.api.reviews import (
    ActionItemDetail,
    ActionItemList,
    EntryList,
    FactorDetail,
    FactorList,
    ReviewActions,
    ReviewDetail,
    ReviewList,
    as_action_verb,
    as_review_verb,
)
from escalations.api.signals import SignalList
from escalations.rules.action_items import ActionVerb
from escalations.rules.lifecycle import Verb
from escalations.rules.review_fields import REVIEW_VERB_FIELDS

urlpatterns = [
    path("readings/", ReadingsView.as_view(), name="readings"),
    path("kpis/", KpisView.as_view(), name="kpis"),
    path("kpis/<slug:code>/", KpiView.as_view(), name="kpi"),
    path("signals/", SignalList.as_view(), name="signals"),
    path("incidents/", IncidentList.as_view(), name="incidents"),
    path("incidents/<int:number>/", IncidentDetail.as_view(), name="incident"),
    path("incidents/<int:number>/explain/", IncidentExplain.as_view(), name="incident_explain"),
    path("incidents/<int:number>/timeline/", IncidentTimeline.as_view(), name="incident_timeline"),
    *(
        path(f"incidents/<int:number>/{verb.value}/", as_verb(verb), name=f"incident_{verb.value}")
        for verb in Verb
    ),
    path("reviews/", ReviewList.as_view(), name="reviews"),
    path("reviews/<int:number>/", ReviewDetail.as_view(), name="review"),
    path("reviews/<int:number>/factors/", FactorList.as_view(), name="review_factors"),
    path(
        "reviews/<int:number>/factors/<int:position>/",
        FactorDetail.as_view(),
        name="review_factor",
    ),
    path("reviews/<int:number>/entries/", EntryList.as_view(), name="review_entries"),
    path("reviews/<int:number>/actions/", ReviewActions.as_view(), name="review_actions"),
    *(
        path(
            f"reviews/<int:number>/{verb.value}/",
            as_review_verb(verb),
            name=f"review_{verb.value}",
        )
        for verb in REVIEW_VERB_FIELDS
    ),
    path("action-items/", ActionItemList.as_view(), name="action_items"),
    path("action-items/<int:pk>/", ActionItemDetail.as_view(), name="action_item"),
    *(
        path(
            f"action-items/<int:pk>/{verb.value}/",
            as_action_verb(verb),
            name=f"action_{verb.value}",
        )
        for verb in ActionVerb
    ),
]
