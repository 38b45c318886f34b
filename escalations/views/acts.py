"""Acts on one incident: what they would do is shown first, then somebody does them."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from config.lib.errors import DomainError
from escalations.forms.verbs import body_of_form, sentences_of
from escalations.rules.lifecycle import MOVES, Verb
from escalations.selectors.action_words import DONE
from escalations.services.act_sheets import ActSheet, act_sheet
from escalations.services.undo import act, undo
from escalations.views.doors import IncidentsView, OneIncidentView


class IncidentVerb(OneIncidentView):
    """GET shows the form and its effect, POST with `preview` shows them for what was entered, and
    POST acts. What an act says comes back as a message on the page it came from."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest, number: int, verb: str) -> HttpResponse:
        return self._sheet(self._sheet_of(number, self._verb(verb)))

    def post(self, request: HttpRequest, number: int, verb: str) -> HttpResponse:
        asked, incident = self._verb(verb), self.load(number)
        if "preview" in request.POST:
            return self._sheet(self._sheet_of(number, asked, request.POST))
        body = body_of_form(asked, request.POST)
        error = "" if body.is_valid() else " ".join(sentences_of(body))
        error = error or self._perform(number, asked, dict(body.validated_data))
        if error and "sheet" in request.POST:
            return self._sheet(self._sheet_of(number, asked, request.POST, error), status=409)
        if error:
            messages.error(request, error if body.is_valid() else f"{incident.key}: {error}")
        return redirect(self._way_back(number))

    def _verb(self, verb: str) -> Verb:
        if verb not in set(Verb):
            raise Http404
        return Verb(verb)

    def _sheet_of(
        self, number: int, verb: Verb, posted: Mapping[str, str] | None = None, error: str = ""
    ) -> ActSheet:
        incident, right = self.load(number), MOVES[verb].right
        if right and not self.person.has_perm(f"escalations.{right}"):
            raise PermissionDenied
        body = body_of_form(verb, posted or {}, is_unfinished=True)
        wrong = [] if body.is_valid() else sentences_of(body)
        given = body.validated_data if body.is_valid() else {}
        errors = (error,) if error else tuple(wrong)
        return act_sheet(incident, verb, given, posted, errors, by=self.person, at=self.at)

    def _sheet(self, sheet: ActSheet, status: int = 200) -> HttpResponse:
        """The part alone for a page that is open, else a page of its own."""
        is_part = self.request.headers.get("HX-Request") == "true"
        name = "_foreseen" if "preview" in self.request.POST else "_act"
        template = f"escalations/incidents/{name if is_part else 'act'}.html"
        context = {"nav": "incident", "sheet": sheet, "action": sheet.action, "now": self.at}
        answer = render(self.request, template, context, status=status)
        answer["Vary"] = "HX-Request, Cookie"
        answer["Cache-Control"] = "no-store"
        return answer

    def _perform(self, number: int, verb: Verb, given: dict) -> str:
        """Says what went wrong, if anything did."""
        expected = given.pop("expected_version", None)
        by, at = self.person, self.at
        try:
            done, receipt = act(number, verb, given, by=by, at=at, expected_version=expected)
        except DomainError as error:
            return error.detail
        messages.success(self.request, f"{done.key}: {DONE[verb]}.", extra_tags=receipt)
        return ""

    def _way_back(self, number: int) -> str:
        return way_back(self.request) or reverse("incident", args=[number])


class Undo(IncidentsView):
    """The act of a message is taken back."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        place = way_back(request) or reverse("queue")
        try:
            incident = undo(request.POST.get("receipt", ""), by=self.person, at=self.at)
        except DomainError as error:
            messages.error(request, error.detail)
            return redirect(place)
        messages.success(request, f"{incident.key}: taken back.")
        return redirect(place)


def way_back(request: HttpRequest) -> str:
    """The page of ours that a form came from, or nothing."""
    asked = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        asked, {request.get_host()}, require_https=request.is_secure()
    )
    return asked if is_ours else ""
