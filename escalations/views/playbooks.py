"""The library of playbooks and the page of one run."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models.customers import TierChoice
from config.lib.errors import DomainError
from escalations.forms.playbooks import (
    RUN_VERBS,
    STEP_VERBS,
    RunStartIn,
    RunVerb,
    body_of,
    given_to,
)
from escalations.forms.verbs import sentences_of
from escalations.rules.playbooks import needs_second_person
from escalations.selectors.incidents import visible_incident
from escalations.selectors.playbook_runs import run_view, visible_run
from escalations.selectors.playbooks import (
    Asked,
    areas,
    ended_as,
    library,
    library_order,
    playbook_page,
    visible_playbook,
)
from escalations.services.playbooks import start
from escalations.views.doors import MAX_NUMBER, IncidentsView
from playbooks.models.playbooks import PlaybookKind

MOST_SHOWN = 200


class PlaybooksView(IncidentsView):
    """Strangers go to sign-in, people without the library get 403, wrong addresses 404."""

    permission_required = "playbooks.view_playbook"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if any(isinstance(each, int) and each > MAX_NUMBER for each in kwargs.values()):
            raise Http404
        try:
            return super().dispatch(request, *args, **kwargs)
        except DomainError as error:
            if error.status == 404:
                raise Http404 from error
            raise

    def way_back(self, otherwise: str) -> str:
        asked = self.request.POST.get("next", "")
        hosts, is_secure = {self.request.get_host()}, self.request.is_secure()
        is_ours = url_has_allowed_host_and_scheme(asked, hosts, require_https=is_secure)
        return asked if is_ours else otherwise

    def asked_incident(self, text: str) -> Any:
        """The incident named in the address or form, if this person may see it."""
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            return None
        if int(text) > MAX_NUMBER:
            raise Http404
        return visible_incident(int(text), self.person)


class Library(PlaybooksView):
    def get(self, request: HttpRequest) -> HttpResponse:
        words = {name: request.GET.get(name, "").replace("\0", "") for name in Asked.__slots__}
        asked = Asked(**words)
        rows: list[Any] = list(  # with what `library` adds to each
            library(asked, self.person).order_by(*library_order())[: MOST_SHOWN + 1]
        )
        for row in rows:
            row.last_word = ended_as(row.last_state, row.last_outcome)
        context = {
            "nav": "playbooks",
            "now": self.at,
            "asked": asked,
            "is_filtered": any(words.values()),
            "rows": rows[:MOST_SHOWN],
            "has_more": len(rows) > MOST_SHOWN,
            "areas": areas(),
            "tiers": TierChoice.choices,
            "kinds": PlaybookKind.choices,
            "incident": self.asked_incident(request.GET.get("incident", "")),
        }
        return render(request, "escalations/playbooks/library.html", context)


class PlaybookPage(PlaybooksView):
    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        page = playbook_page(visible_playbook(code, self.person), self.person)
        incident = self.asked_incident(request.GET.get("incident", ""))
        is_kpi = incident is not None and incident.kpi_id is not None
        second = needs_second_person(kind=page.playbook.kind, is_kpi=is_kpi)
        context = {
            "nav": "playbooks",
            "now": self.at,
            "page": page,
            "incident": incident,
            "may_run": self.person.has_perm("playbooks.run_playbook"),
            "needs_approval": second or bool(page.version and page.version.needs_approval),
        }
        return render(request, "escalations/playbooks/detail.html", context)


class StartPlaybook(PlaybooksView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        incident = self.asked_incident(request.POST.get("incident", ""))
        number = incident.number if incident else None
        back = self.way_back(reverse("playbook", args=[code]))
        body = body_of(RunStartIn, request.POST)
        if not body.is_valid():
            messages.error(request, " ".join(sentences_of(body)))
            return redirect(back)
        try:
            run = start(code, body.validated_data, by=self.person, at=self.at, incident=number)
        except DomainError as error:
            if error.status == 404:
                raise
            messages.error(request, error.detail)
            return redirect(back)
        asked = "Asked for: a second person approves it."
        messages.success(request, asked if run.state == "waiting_approval" else "Started.")
        return redirect(back if incident else reverse("playbook-run", args=[run.pk]))


class RunPage(PlaybooksView):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = run_view(visible_run(pk, self.person), self.person, self.at)
        context = {"nav": "playbooks", "run": run, "now": self.at}
        return render(request, "escalations/playbooks/run.html", context)


class _Verb(PlaybooksView):
    http_method_names = ["post"]
    verbs: dict[str, RunVerb] = {}

    def post(
        self, request: HttpRequest, pk: int, verb: str, position: int | None = None
    ) -> HttpResponse:
        if verb not in self.verbs:
            raise Http404
        run = visible_run(pk, self.person)
        chosen, place = self.verbs[verb], () if position is None else (position,)
        body = body_of(chosen.body, request.POST)
        if body.is_valid():
            self._do(chosen, (run.pk, *place), given_to(chosen, body))
        else:
            messages.error(request, " ".join(sentences_of(body)))
        return redirect(self.way_back(reverse("playbook-run", args=[pk])))

    def _do(self, verb: RunVerb, place: tuple[int, ...], given: dict[str, Any]) -> None:
        try:
            verb.do(*place, by=self.person, at=self.at, **given)
        except DomainError as error:
            if error.status == 404:
                raise
            messages.error(self.request, error.detail)
        else:
            messages.success(self.request, verb.done.format(*place[1:]))


class RunVerbView(_Verb):
    verbs = RUN_VERBS


class StepVerbView(_Verb):
    verbs = STEP_VERBS
