"""The screen that the link in a page opens."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config.lib.errors import DomainError
from escalations.services.backups import hand_to_backup
from escalations.services.phone import phone_page
from escalations.views.doors import OneIncidentView


class PhoneScreen(OneIncidentView):
    """GET shows it; POST hands the incident to the backup that the button names."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        page = phone_page(self.load(number), self.person, self.at)
        return render(request, "escalations/incidents/phone.html", {"page": page, "now": self.at})

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        self.load(number)
        if not self.person.has_perm("escalations.respond_incident"):
            raise PermissionDenied
        try:
            done = hand_to_backup(number, request.POST.get("to", ""), by=self.person, at=self.at)
        except DomainError as error:
            messages.error(request, error.detail)
        else:
            messages.success(request, done)
        return redirect("incident-phone", number)
