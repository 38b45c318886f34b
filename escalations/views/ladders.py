from __future__ import annotations

from datetime import UTC

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode

from config.lib.errors import DomainError
from escalations.forms.ladders import PreviewForm
from escalations.rules.policy import Severity
from escalations.selectors.ladder_preview import Preview, ladder_preview, saturday_night
from escalations.views.doors import RoledView


class Ladders(RoledView):
    """Who would be paged when, if it opened at a given instant and nobody answered."""

    permission_required = "escalations.view_ladder"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = PreviewForm(request.GET)
        page = self._preview(form) if form.is_valid() else None
        night = saturday_night(self.at, self.person.time_zone).astimezone(UTC)
        kept = {name: request.GET[name] for name in ("version", "severity") if name in request.GET}
        presets = (
            ("Now", urlencode(kept)),
            ("Saturday 03:00 your time", urlencode(kept | {"at": f"{night:%Y-%m-%dT%H:%M}"})),
        )
        context = {"nav": "ladders", "form": form, "page": page, "presets": presets}
        return render(request, "escalations/ladders/preview.html", context)

    def _preview(self, form: PreviewForm) -> Preview | None:
        given = form.cleaned_data
        version = form.versions.get(given["version"] or 0)
        severity = Severity(given["severity"] or 1)
        try:
            return ladder_preview(version, severity, given["ladder"], given["at"] or self.at)
        except DomainError as error:
            form.add_error("ladder", error.detail)
            return None
