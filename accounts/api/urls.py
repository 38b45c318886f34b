"""Everything under /api/v1/ of this app."""

from django.urls import path

from accounts.api.contact_methods import (
    VERBS,
    ContactMethodDetail,
    ContactMethodList,
    ContactMethodVerb,
)
from accounts.api.customers import AccountDetail, AccountList, ContactDetail, ContactList
from accounts.api.people import PersonDetail, PersonList, RoleList, TeamDetail, TeamList
from accounts.api.rosters import (
    RosterDetail,
    RosterList,
    RosterOnCall,
    ServiceHoursDetail,
    ServiceHoursList,
)
from accounts.api.stand_ins import (
    AbsenceList,
    AbsenceWithdraw,
    OverrideWithdraw,
    RosterGapList,
    RosterOverrides,
    RosterShifts,
    RosterSwaps,
    RosterVersions,
    SwapVerb,
)

urlpatterns = [
    path("accounts/", AccountList.as_view(), name="accounts"),
    path("accounts/<path:external_id>/", AccountDetail.as_view(), name="account"),
    path("contacts/", ContactList.as_view(), name="contacts"),
    path("contacts/<int:id>/", ContactDetail.as_view(), name="contact"),
    path("contact-methods/", ContactMethodList.as_view(), name="contact_methods"),
    path("contact-methods/<int:id>/", ContactMethodDetail.as_view(), name="contact_method"),
    *(
        path(
            f"contact-methods/<int:id>/{verb}/",
            ContactMethodVerb.as_view(verb=verb),
            name=f"contact_method_{verb.replace('-', '_')}",
        )
        for verb in VERBS
    ),
    path("people/", PersonList.as_view(), name="people"),
    path("people/<str:username>/", PersonDetail.as_view(), name="person"),
    path("teams/", TeamList.as_view(), name="teams"),
    path("teams/<slug:code>/", TeamDetail.as_view(), name="team"),
    path("roles/", RoleList.as_view(), name="roles"),
    path("rosters/", RosterList.as_view(), name="rosters"),
    path("rosters/<slug:code>/", RosterDetail.as_view(), name="roster"),
    path("rosters/<slug:code>/on-call/", RosterOnCall.as_view(), name="roster_on_call"),
    path("rosters/<slug:code>/shifts/", RosterShifts.as_view(), name="roster_shifts"),
    path("rosters/<slug:code>/gaps/", RosterGapList.as_view(), name="roster_gaps"),
    path("rosters/<slug:code>/versions/", RosterVersions.as_view(), name="roster_versions"),
    path("rosters/<slug:code>/overrides/", RosterOverrides.as_view(), name="roster_overrides"),
    path("rosters/<slug:code>/swaps/", RosterSwaps.as_view(), name="roster_swaps"),
    path("overrides/<int:pk>/withdraw/", OverrideWithdraw.as_view(), name="override_withdraw"),
    path("absences/", AbsenceList.as_view(), name="absences"),
    path("absences/<int:pk>/withdraw/", AbsenceWithdraw.as_view(), name="absence_withdraw"),
    *(
        path(f"swaps/<int:pk>/{verb}/", SwapVerb.as_view(verb=verb), name=f"swap_{verb}")
        for verb in ("accept", "decline", "withdraw")
    ),
    path("service-hours/", ServiceHoursList.as_view(), name="service_hours"),
    path("service-hours/<slug:code>/", ServiceHoursDetail.as_view(), name="service_hours_one"),
]
