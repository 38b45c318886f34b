"""What Belay found wrong with itself, and how late things were."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from escalations.selectors.audit import audit_page
from escalations.views.doors import RoledView


class AuditView(RoledView):
    permission_required = "escalations.view_audit"

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"nav": "audit", "audit": audit_page(self.person, self.at), "now": self.at}
        return render(request, "escalations/audit.html", context)
