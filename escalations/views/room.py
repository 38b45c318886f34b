"""Forms of the incident's page beside the moves: notes, evidence, decisions, milestones."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from config.lib.errors import DomainError
from escalations.services.notes import withdraw_note
from escalations.views.doors import OneIncidentView


class RoomView(OneIncidentView):
    """A form was sent. What it says comes back as a message on the page, at its card."""

    http_method_names = ["post"]
    card = "timeline"

    def does(self, number: int, act: Callable[[], object], said: str) -> HttpResponse:
        """Who may not see the incident gets 404, who lacks the right 403, as on every page."""
        incident = self.load(number)
        try:
            act()
        except DomainError as error:
            if error.status == 404:
                raise Http404 from error
            if error.status == 403:
                raise PermissionDenied(error.detail) from error
            told = " ".join(each["detail"] for each in error.errors) or error.detail
            messages.error(self.request, f"{incident.key}: {told}")
        else:
            messages.success(self.request, f"{incident.key}: {said}")
        return redirect(reverse("incident", args=[number]) + f"#{self.card}")

    def sent(self, *names: str) -> dict[str, str]:
        return {name: self.request.POST.get(name, "").strip() for name in names}


class NoteWithdraw(RoomView):
    def post(self, request: HttpRequest, number: int, seq: int) -> HttpResponse:
        reason = self.sent("reason")["reason"]

        def act() -> object:
            return withdraw_note(number, seq, reason, by=self.person, at=self.at)

        return self.does(number, act, "the note is struck out.")
