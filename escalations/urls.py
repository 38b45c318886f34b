"""Pages."""

from django.urls import path

from escalations.views import (
    action_items,
    calculator,
    customers,
    incidents,
    ladders,
    maintenance,
    playbooks,
    queue,
    reviews,
    roster_versions,
    rosters,
    service_hours,
)

urlpatterns = [
    path("", queue.Queue.as_view(), name="queue"),
    path("queue/rows/", queue.QueueRows.as_view(), name="queue-rows"),
    path("clocks/", calculator.Calculator.as_view(), name="calculator"),
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
        "incidents/<int:number>/review/",
        reviews.ReviewAsk.as_view(),
        name="incident-ask-review",
    ),
    path(
        "incidents/<int:number>/<slug:verb>/",
        incidents.IncidentVerb.as_view(),
        name="incident-verb",
    ),
    path("ladders/", ladders.Ladders.as_view(), name="ladders"),
    path("breaches/<int:pk>/cause/", incidents.BreachCause.as_view(), name="breach-cause"),
    path("maintenance/", maintenance.Windows.as_view(), name="maintenance"),
    path("maintenance/new/", maintenance.NewWindow.as_view(), name="maintenance-new"),
    path("maintenance/<int:pk>/end/", maintenance.EndWindow.as_view(), name="maintenance-end"),
    path("playbooks/", playbooks.Library.as_view(), name="playbooks"),
    path("playbooks/runs/<int:pk>/", playbooks.RunPage.as_view(), name="playbook-run"),
    path(
        "playbooks/runs/<int:pk>/<slug:verb>/",
        playbooks.RunVerbView.as_view(),
        name="playbook-run-verb",
    ),
    path(
        "playbooks/runs/<int:pk>/steps/<int:position>/<slug:verb>/",
        playbooks.StepVerbView.as_view(),
        name="playbook-step-verb",
    ),
    path("playbooks/<slug:code>/", playbooks.PlaybookPage.as_view(), name="playbook"),
    path("playbooks/<slug:code>/start/", playbooks.StartPlaybook.as_view(), name="playbook-start"),
    path("service-hours/", service_hours.HoursList.as_view(), name="service-hours"),
    path(
        "service-hours/<slug:code>/",
        service_hours.HoursDetail.as_view(),
        name="service-hours-one",
    ),
    path(
        "service-hours/<slug:code>/holidays/",
        service_hours.HoursHolidays.as_view(),
        name="service-hours-holidays",
    ),
    path("reviews/", reviews.Reviews.as_view(), name="reviews"),
    path("reviews/export.csv", reviews.ReviewsExport.as_view(), name="reviews-export"),
    path("reviews/<int:number>/", reviews.ReviewDetail.as_view(), name="review"),
    path("reviews/<int:number>/edit/", reviews.ReviewEditor.as_view(), name="review-edit"),
    path("reviews/<int:number>/<slug:verb>/", reviews.ReviewVerbView.as_view(), name="review-verb"),
    path("actions/", action_items.Actions.as_view(), name="actions"),
    path(
        "actions/<int:pk>/<slug:verb>/", action_items.ActionVerbView.as_view(), name="action-verb"
    ),
    path("rosters/", rosters.Rosters.as_view(), name="rosters"),
    path("rosters/gaps/", rosters.RosterGaps.as_view(), name="roster-gaps"),
    path("calendars/mine/", rosters.OwnCalendar.as_view(), name="own-calendar"),
    path("rosters/<slug:code>/", rosters.RosterPage.as_view(), name="roster"),
    path("rosters/<slug:code>/edit/", roster_versions.RosterEditor.as_view(), name="roster-edit"),
    path("rosters/<slug:code>/import/", rosters.RosterImport.as_view(), name="roster-import"),
    path("rosters/<slug:code>/calendar/", rosters.RosterCalendar.as_view(), name="roster-calendar"),
    path("rosters/<slug:code>/<slug:verb>/", rosters.RosterVerbView.as_view(), name="roster-verb"),
    path("calendars/<str:token>.ics", rosters.CalendarFeedView.as_view(), name="calendar-feed"),
]
