"""The next version of a roster: written, looked at, published."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import Roster
from accounts.selectors.roster_shifts import edits_roster
from escalations.forms.roster_versions import Draft
from escalations.views.rosters import RostersView


class RosterEditor(RostersView):
    """Works without a script: each button sends the whole form, and all but one only look."""

    def load(self, code: str) -> Roster:
        roster = super().load(code)
        if not edits_roster(self.person, roster):
            raise PermissionDenied
        return roster

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        return self._page(Draft(self.load(code), None, by=self.person, at=self.at))

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        draft = Draft(self.load(code), request.POST, by=self.person, at=self.at)
        if "publish" in request.POST and draft.roster.by_request:
            if asked := draft.ask():
                messages.success(request, "Asked. It decides when others have approved it.")
                if self.person.has_perm("escalations.view_changerequest"):
                    return redirect("change-request", asked.pk)
                return redirect("roster", code)
        elif "publish" in request.POST and (version := draft.publish()):
            messages.success(request, f"Version {version.number} is published.")
            return redirect("roster", code)
        if "add" not in request.POST:
            draft.preview()
        return self._page(draft)

    def _page(self, draft: Draft) -> HttpResponse:
        context: dict[str, Any] = {
            "nav": "rosters",
            "roster": draft.roster,
            "draft": draft,
            "now": self.at,
            "zones": sorted(available_timezones()),
        }
        page = "escalations/rosters/edit.html"
        return render(self.request, page, context, status=draft.status)
