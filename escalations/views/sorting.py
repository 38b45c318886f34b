"""The triage queue, and how well the rules of a policy sort."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from config.lib.errors import DomainError
from escalations.selectors.sorting import sorting_record, to_sort
from escalations.views.doors import IncidentsView, RoledView


class ToSortList(IncidentsView):
    """Its buttons are the act `triage` of each incident."""

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"nav": "to-sort", "page": to_sort(self.person), "now": self.at}
        return render(request, "escalations/sorting/to_sort.html", context)


class SortingRecordView(RoledView):
    permission_required = "escalations.view_policyversion"

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        try:
            record = sorting_record(code, self.person, self.at)
        except DomainError as error:
            raise Http404 from error
        context = {"nav": "policies", "record": record, "now": self.at}
        return render(request, "escalations/sorting/record.html", context)
