from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from escalations.selectors.my_shift import my_shift
from escalations.views.doors import IncidentsView


class MyShiftView(IncidentsView):
    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"nav": "my-shift", "page": my_shift(self.person, self.at), "now": self.at}
        return render(request, "escalations/my_shift.html", context)
