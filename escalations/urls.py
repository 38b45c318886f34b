"""Pages."""

from django.urls import path

from escalations.views import customers, incidents, queue

urlpatterns = [
    path("", queue.Queue.as_view(), name="queue"),
    path("queue/rows/", queue.QueueRows.as_view(), name="queue-rows"),
    path("customers/", customers.Customers.as_view(), name="customers"),
    path("customers/<path:external_id>/", customers.Customer.as_view(), name="customer"),
    path("incidents/new/", incidents.NewIncident.as_view(), name="incident-new"),
    path("incidents/<int:number>/", incidents.IncidentDetail.as_view(), name="incident"),
    path(
        "incidents/<int:number>/timeline/",
        incidents.IncidentTimeline.as_view(),
        name="incident-timeline",
    ),
    path("incidents/<int:number>/score/", incidents.IncidentScore.as_view(), name="incident-score"),
    path(
        "incidents/<int:number>/<slug:verb>/",
        incidents.IncidentVerb.as_view(),
        name="incident-verb",
    ),
]
