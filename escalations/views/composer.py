"""Writing to a customer: the draft that keeps itself, the letter before it is sent, the quick
word."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config.lib.errors import DomainError
from escalations.models import Incident
from escalations.rules.lifecycle import Verb
from escalations.selectors.action_words import DONE
from escalations.selectors.composer import preview_letter
from escalations.selectors.letters import NO_CHANGE
from escalations.services.drafts import save_draft
from escalations.services.moves import perform
from escalations.views.doors import OneIncidentView


class _Writer(OneIncidentView):
    http_method_names = ["post"]

    def load(self, number: int) -> Incident:
        found = super().load(number)  # what one may not see is absent, whatever one may do
        if not self.person.has_perm("escalations.respond_incident"):
            raise PermissionDenied
        return found


class UpdateDraftView(_Writer):
    """Keeps what is typed, and answers with the letter it would become."""

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        incident, text = self.load(number), request.POST.get("text", "")
        error = ""
        try:
            save_draft(incident, text, by=self.person, at=self.at)
        except DomainError as refused:
            error = refused.detail
        is_letter = bool(text.strip()) and not error
        context = {
            "letter": preview_letter(incident, text, self.at) if is_letter else None,
            "error": error,
            "saved_at": self.at,
            "now": self.at,
            "incident": incident,
            "text": text,
            "nav": "incident",
        }
        is_part = request.headers.get("HX-Request") == "true"
        name = "_letter" if is_part else "letter"
        return render(request, f"escalations/incidents/{name}.html", context)


class NoChange(_Writer):
    """An update in one click: nothing new, still at work."""

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        self.load(number)
        try:
            done = perform(number, Verb.UPDATE, {"text": NO_CHANGE}, by=self.person, at=self.at)
        except DomainError as error:
            messages.error(request, error.detail)
        else:
            messages.success(request, f"{done.key}: {DONE[Verb.UPDATE]}.")
        return redirect("incident", number)
