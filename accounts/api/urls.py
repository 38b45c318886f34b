"""Everything under /api/v1/ of this app."""

from django.urls import path

from accounts.api.customers import AccountDetail, AccountList, ContactDetail, ContactList
from accounts.api.people import PersonDetail, PersonList, RoleList, TeamDetail, TeamList
from accounts.api.rosters import (
    RosterDetail,
    RosterList,
    RosterOnCall,
    ServiceHoursDetail,
    ServiceHoursList,
)

urlpatterns = [
    path("accounts/", AccountList.as_view(), name="accounts"),
    path("accounts/<path:external_id>/", AccountDetail.as_view(), name="account"),
    path("contacts/", ContactList.as_view(), name="contacts"),
    path("contacts/<int:id>/", ContactDetail.as_view(), name="contact"),
    path("people/", PersonList.as_view(), name="people"),
    path("people/<str:username>/", PersonDetail.as_view(), name="person"),
    path("teams/", TeamList.as_view(), name="teams"),
    path("teams/<slug:code>/", TeamDetail.as_view(), name="team"),
    path("roles/", RoleList.as_view(), name="roles"),
    path("rosters/", RosterList.as_view(), name="rosters"),
    path("rosters/<slug:code>/", RosterDetail.as_view(), name="roster"),
    path("rosters/<slug:code>/on-call/", RosterOnCall.as_view(), name="roster_on_call"),
    path("service-hours/", ServiceHoursList.as_view(), name="service_hours"),
    path("service-hours/<slug:code>/", ServiceHoursDetail.as_view(), name="service_hours_one"),
]
