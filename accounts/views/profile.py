from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.messages.views import SuccessMessageMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse, reverse_lazy
from django.views import View
from django.views.generic import UpdateView

from accounts.forms.moments import AwayForm
from accounts.forms.profile import ProfileForm
from accounts.models import Absence, CalendarFeed, User
from accounts.selectors.contact_methods import own_methods
from accounts.selectors.own_duty import own_duty
from accounts.selectors.people import roles_of, teams_of
from accounts.services.calendar_feeds import make_feed, revoke
from accounts.services.rosters import record_absence, withdraw_absence
from config.lib import clock
from config.lib.errors import DomainError
from config.lib.people import person_of

MOST_PK = 2**63 - 1


class Profile(LoginRequiredMixin, SuccessMessageMixin, UpdateView):
    form_class = ProfileForm
    template_name = "accounts/people/profile.html"
    success_url = reverse_lazy("profile")
    success_message = "Saved."

    def get_object(self, queryset: Any = None) -> User:
        # Not request.user itself: a refused form must not show its values as the person's own.
        return User.objects.get(pk=person_of(self.request).pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        person, now = person_of(self.request), clock.now()
        page = {"teams": teams_of(person), "roles": list(roles_of(person).values())}
        return super().get_context_data(
            page=page,
            duty=own_duty(person, now),
            methods=own_methods(person, now),
            schemes=", ".join(settings.APPRISE_SCHEMES),
            now=now,
            **kwargs,
        )


class ProfileCalendar(Profile):
    """A new secret address of one's own shifts, shown in this answer and nowhere else; with `stop`
    the feed of that key is revoked."""

    http_method_names = ["post"]

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"instance": self.object}  # what was sent is not for the form of the profile

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object, at = self.get_object(), clock.now()
        if "stop" in request.POST:
            mine = CalendarFeed.objects.filter(user=self.object)
            revoke(get_object_or_404(mine, pk=_key(request.POST["stop"])), at=at)
            messages.success(request, "The calendar's address no longer works.")
            return redirect("profile")
        if not self.object.has_perm("accounts.view_roster"):
            raise PermissionDenied
        token = make_feed(self.object, None, at=at)
        address = settings.BASE_URL + reverse("calendar-feed", args=[token])
        return self.render_to_response(self.get_context_data(address=address))


class ProfileAbsence(LoginRequiredMixin, View):
    """One's own absence, recorded or, by its key, withdrawn."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            messages.success(request, self._told(person_of(request)))
        except DomainError as error:
            messages.error(request, error.detail)
        return redirect("profile")

    def _told(self, person: User) -> str:
        sent, at = self.request.POST, clock.now()
        if "withdraw" in sent:
            mine = Absence.objects.filter(user=person)
            found = get_object_or_404(mine, pk=_key(sent["withdraw"]))
            withdraw_absence(found, by=person, at=at)
            return "Withdrawn: back on your rosters."
        form = AwayForm(sent, person.time_zone)
        if not form.is_valid():
            raise DomainError("incomplete_form", "Give date and time of both ends.")
        given = form.cleaned_data
        record_absence(
            person, given["start"], given["end"], by=person, at=at, reason=given["reason"]
        )
        return "You are off every roster in that time."


def _key(text: str) -> int:
    """0, which no row has, for what is no key."""
    number = int(text) if text.isdecimal() and len(text) < 20 else 0
    return number if number <= MOST_PK else 0
