from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.selectors.people import rights_of
from config.lib.errors import DomainError
from escalations.forms.reviews import ACTION_BODIES, filled
from escalations.forms.verbs import sentences_of
from escalations.rules.action_items import ActionVerb
from escalations.rules.review_fields import ACTION_VERB_FIELDS
from escalations.selectors.action_items import actions_page
from escalations.selectors.review_buttons import ACTION_LABELS
from escalations.services.action_items import perform_action
from escalations.views.doors import MAX_NUMBER, IncidentsView


class Actions(IncidentsView):
    def get(self, request: HttpRequest) -> HttpResponse:
        view = request.GET.get("view", "")
        page = actions_page(self.person, rights_of(self.person), view, self.at)
        context = {"nav": "reviews", "page": page, "now": self.at}
        return render(request, "escalations/actions/list.html", context)


class ActionVerbView(IncidentsView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        if verb not in set(ActionVerb) or pk > MAX_NUMBER:
            raise Http404
        move = ActionVerb(verb)
        body = ACTION_BODIES[move](data=filled(ACTION_VERB_FIELDS[move], request.POST))
        if body.is_valid():
            self._perform(pk, move, dict(body.validated_data))
        else:
            messages.error(request, " ".join(sentences_of(body)))
        return redirect(self._way_back())

    def _perform(self, pk: int, verb: ActionVerb, given: dict) -> None:
        expected, user = given.pop("expected_version", None), self.person
        try:
            done = perform_action(pk, verb, given, by=user, at=self.at, expected_version=expected)
        except DomainError as error:
            if error.status == 404:
                raise Http404 from error
            messages.error(self.request, error.detail)
        else:
            messages.success(self.request, f"{ACTION_LABELS[verb][0]}: {done.title}.")

    def _way_back(self) -> str:
        asked, host = self.request.POST.get("next", ""), {self.request.get_host()}
        is_ours = url_has_allowed_host_and_scheme(
            asked, host, require_https=self.request.is_secure()
        )
        return asked if is_ours else reverse("actions")
