"""Maintenance windows: which last and come, a new one, and ending one early."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config.lib.errors import DomainError
from escalations.forms.maintenance import WindowForm
from escalations.selectors.incidents import MAX_NUMBER
from escalations.selectors.maintenance import windows
from escalations.services.maintenance import declare, end_early
from escalations.views.doors import IncidentsView, RoledView


class Windows(IncidentsView):
    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"nav": "maintenance", "windows": windows(self.at), "now": self.at}
        return render(request, "escalations/maintenance/list.html", context)


class WindowsKeeper(RoledView):
    permission_required = "escalations.add_maintenancewindow"


class NewWindow(WindowsKeeper):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(WindowForm(initial={"time_zone": self.person.time_zone}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = WindowForm(request.POST)
        if not form.is_valid():
            return self._page(form, 400)
        try:
            declare(form.given(), by=self.person, at=self.at)
        except DomainError as error:
            field = error.errors[0]["field"] if error.errors else None
            form.add_error(field if field in form.fields else None, error.detail)
            return self._page(form, 400)
        messages.success(request, "The window is set.")
        return redirect("maintenance")

    def _page(self, form: WindowForm, status: int = 200) -> HttpResponse:
        context = {"nav": "maintenance", "form": form, "now": self.at}
        return render(self.request, "escalations/maintenance/new.html", context, status=status)


class EndWindow(WindowsKeeper):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        for_good = request.POST.get("for_good", "1") == "1"
        try:
            if pk > MAX_NUMBER:
                raise Http404
            opened = end_early(pk, by=self.person, at=self.at, for_good=for_good)
        except DomainError as error:
            if error.status == 404:
                raise Http404 from error
            messages.error(request, error.detail)
        else:
            messages.success(request, f"Ended. {opened} opened.")
        return redirect("maintenance")
