"""Is the record as it was written? Read and asked for by whoever governs or audits."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config.lib.queue import enqueue
from escalations.selectors.record_page import record_page
from escalations.views.doors import RoledView


class Record(RoledView):
    permission_required = ("escalations.view_seal", "escalations.view_verification")

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"nav": "record", "record": record_page(self.at), "now": self.at}
        return render(request, "escalations/record.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        enqueue("escalations.tasks.seals.verify", self.person.pk)
        messages.success(request, "Belay is looking. Open this page again in a moment.")
        return redirect("record")
