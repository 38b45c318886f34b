"""KPIs: all of them, one with its series, and what its owner says of the data."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from escalations.selectors.kpi_list import kpis_page
from escalations.views.doors import RoledView


class KpisView(RoledView):
    permission_required = ("escalations.view_kpi", "escalations.view_reading")


class Kpis(KpisView):
    def get(self, request: HttpRequest) -> HttpResponse:
        page = kpis_page(self.person, request.GET, self.at)
        context = {"nav": "kpis", "page": page, "now": self.at}
        return render(request, "escalations/kpis/list.html", context)
