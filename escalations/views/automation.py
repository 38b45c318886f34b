"""Pauses of automation: what lasts, what was, a new one, and ending one."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config.lib.errors import DomainError
from escalations.forms.exceptions import PauseForm
from escalations.selectors.automation import kept_now, pauses
from escalations.selectors.incidents import MAX_NUMBER
from escalations.services.automation import end_pause, pause_automation
from escalations.views.doors import IncidentsView, RoledView

NAV = {"nav": "automation"}


class Automation(IncidentsView):
    def get(self, request: HttpRequest) -> HttpResponse:
        steps, openings = kept_now()
        context = NAV | {"rows": pauses(self.at), "steps": steps, "openings": openings}
        return render(request, "escalations/automation/list.html", context | {"now": self.at})


class PauseAutomation(RoledView):
    permission_required = "escalations.add_automationpause"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(PauseForm(person=self.person, at=self.at))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PauseForm(request.POST, person=self.person, at=self.at)
        if not form.is_valid():
            return self._page(form, 400)
        try:
            pause_automation(form.given(), by=self.person, at=self.at)
        except DomainError as error:
            field = error.errors[0]["field"] if error.errors else None
            form.add_error(field if field in form.fields else None, error.detail)
            return self._page(form, 400)
        messages.success(request, "Paused. Every page says so until it ends.")
        return redirect("automation")

    def _page(self, form: PauseForm, status: int = 200) -> HttpResponse:
        context = NAV | {"form": form, "now": self.at}
        return render(self.request, "escalations/automation/new.html", context, status=status)


class EndPause(IncidentsView):
    """By those who may pause, and by whoever was named as agreeing."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            if pk > MAX_NUMBER:
                raise Http404
            end_pause(pk, by=self.person, at=self.at)
            messages.success(request, "Ended. What was due happens now.")
        except DomainError as error:
            if error.status == 404:
                raise Http404 from error
            if error.code == "missing_right":
                raise PermissionDenied(error.detail) from error
            messages.error(request, error.detail)
        return redirect("automation")
