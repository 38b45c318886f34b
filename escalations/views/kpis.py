"""KPIs: all of them, one with its series, its known events, and other limits to think about."""

from __future__ import annotations

import csv
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.selectors.people import rights_of
from config.lib.csv_answers import as_csv
from config.lib.errors import DomainError
from escalations.forms.annotations import AnnotationForm
from escalations.models import Incident, Kpi
from escalations.models.annotations import AnnotationKind
from escalations.selectors.annotations import may_annotate
from escalations.selectors.incidents import MAX_NUMBER
from escalations.selectors.kpi_files import series_rows
from escalations.selectors.kpi_limits import limits_page
from escalations.selectors.kpi_list import kpis_page
from escalations.selectors.kpi_page import kpi_page, shown, visible_kpi
from escalations.selectors.kpi_verdict import verdict_card
from escalations.services.annotations import annotate, withdraw_annotation
from escalations.services.moves import situation_of
from escalations.views.doors import RoledView


class KpisView(RoledView):
    permission_required = ("escalations.view_kpi", "escalations.view_reading")

    def load(self, code: str) -> Kpi:
        try:
            return visible_kpi(code)
        except DomainError as error:
            raise Http404 from error


class Kpis(KpisView):
    def get(self, request: HttpRequest) -> HttpResponse:
        page = kpis_page(self.person, request.GET, self.at)
        context = {"nav": "kpis", "page": page, "now": self.at}
        return render(request, "escalations/kpis/list.html", context)


class KpiDetail(KpisView):
    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        page = kpi_page(self.load(code), self.person, request.GET, self.at)
        context = {"nav": "kpis", "page": page, "now": self.at, "kinds": AnnotationKind.choices}
        if incident := page.open_incident:
            context["verdict"] = self._verdict(incident)
        return render(request, "escalations/kpis/detail.html", context)

    def _verdict(self, incident: Incident) -> Any:
        situation = situation_of(incident, self.person, rights_of(self.person), {}, self.at)
        return verdict_card(incident, self.person, situation)


class KpiCsv(KpisView):
    """The figures of the chart that the same address without `.csv` draws."""

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        found = shown(self.load(code), self.person, request.GET, self.at)
        answer = as_csv("", f"{code}-{found.days}d-{self.at:%Y-%m-%d}")
        csv.writer(answer).writerows(series_rows(found.series))
        return answer


class KpiLimits(KpisView):
    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        page = limits_page(self.load(code), request.GET.get("segment"), self.at)
        context = {"nav": "kpis", "page": page, "now": self.at}
        return render(request, "escalations/kpis/limits.html", context)


class KpiAnnotations(KpisView):
    """A known event is written, or withdrawn by its key."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        kpi = self.load(code)
        if not may_annotate(kpi, self.person):
            raise PermissionDenied
        try:
            messages.success(request, self._told(kpi))
        except DomainError as error:
            messages.error(request, error.detail)
        return redirect(self._way_back(code))

    def _told(self, kpi: Kpi) -> str:
        sent = self.request.POST
        if key := sent.get("withdraw", ""):
            pk = int(key) if key.isascii() and key.isdigit() and len(key) < 19 else 0
            withdraw_annotation(kpi, min(pk, MAX_NUMBER), by=self.person, at=self.at)
            return "Withdrawn: limits learned from now on count these readings again."
        form = AnnotationForm(sent, self.person.time_zone)
        if not form.is_valid():
            raise DomainError("incomplete_form", "Say what happens, and give both ends.")
        annotate(kpi, **form.cleaned_data, by=self.person, at=self.at)
        return "Marked: limits learned from now on leave these readings out."

    def _way_back(self, code: str) -> str:
        asked = self.request.POST.get("next", "")
        is_ours = url_has_allowed_host_and_scheme(asked, {self.request.get_host()})
        return asked if is_ours else f"/kpis/{code}/"
