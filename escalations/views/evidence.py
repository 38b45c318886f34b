"""Evidence over pages: brought, downloaded, withdrawn."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from config.lib.errors import DomainError
from escalations.models import Evidence
from escalations.models.evidence import LARGEST_FILE
from escalations.selectors.evidence import file_of
from escalations.selectors.incidents import MAX_NUMBER
from escalations.services.evidence import add_file, add_link, withdraw_evidence
from escalations.views.doors import IncidentsView
from escalations.views.room import RoomView


class EvidenceAdd(RoomView):
    """A file or a link. Its address has a limit of its own for what is sent."""

    card = "evidence"

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        sent, file = self.sent("title", "url", "text"), request.FILES.get("file")
        given: dict[str, Any] = {
            "title": sent["title"],
            "text": sent["text"],
            "by": self.person,
            "at": self.at,
        }

        def act() -> object:
            if file is None:
                return add_link(number, url=sent["url"], **given)
            content = file.read(LARGEST_FILE + 1)
            return add_file(number, name=file.name or "", content=content, **given)

        return self.does(number, act, "the evidence is kept.")


class EvidenceFile(IncidentsView):
    """Always a download, never shown by the browser inside our own pages."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            row, content = file_of(min(pk, MAX_NUMBER), self.person)
        except DomainError as error:
            raise Http404 from error
        answer = HttpResponse(content, content_type=row.content_type)
        answer["Content-Disposition"] = f'attachment; filename="{row.file_name}"'
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Cache-Control"] = "private, no-store"
        return answer


class EvidenceWithdraw(IncidentsView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        pk, reason = min(pk, MAX_NUMBER), request.POST.get("reason", "")
        try:
            row = withdraw_evidence(pk, reason, by=self.person, at=self.at)
        except DomainError as error:
            if error.status == 404:
                raise Http404 from error
            if error.status == 403:
                raise PermissionDenied(error.detail) from error
            messages.error(request, error.detail)
            row = Evidence.objects.get(pk=pk)
        else:
            messages.success(request, "It is withdrawn; that it was there stays told.")
        return redirect(reverse("incident", args=[row.incident_id]) + "#evidence")
