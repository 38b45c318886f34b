"""Who gets in: signed in, and with the right to see incidents."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views import View

from accounts.models import User
from config.lib import clock
from config.lib.errors import DomainError
from config.lib.people import person_of
from escalations.models import Incident
from escalations.selectors.incidents import MAX_NUMBER, visible_incident


class RoledView(LoginRequiredMixin, PermissionRequiredMixin, View):
    """Strangers go to sign-in, people without the right get 403, and a wrong address 404."""

    def handle_no_permission(self) -> Any:
        self.raise_exception = self.request.user.is_authenticated
        return super().handle_no_permission()

    @cached_property
    def person(self) -> User:
        """Who asks; a stranger was sent to sign in before this is read."""
        return person_of(self.request)

    @cached_property
    def at(self) -> datetime:
        """The present moment, asked once per request."""
        return clock.now()


class IncidentsView(RoledView):
    permission_required = "escalations.view_incident"


class OneIncidentView(IncidentsView):
    """`load` finds what the reader may see; anything else is 404."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if kwargs["number"] > MAX_NUMBER:
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def load(self, number: int) -> Incident:
        try:
            return visible_incident(number, self.person)
        except DomainError as error:
            raise Http404 from error
