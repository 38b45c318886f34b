"""Rosters: who is on call now, the week of one, and what people do about it."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import http_date, parse_etags, quote_etag
from django.views import View

from accounts.models import Roster
from accounts.rules.zones import zone_named
from accounts.selectors.calendar_feeds import calendar_of, feed_behind
from accounts.selectors.roster_pages import around, open_gaps, roster_rows, visible_rosters
from accounts.selectors.roster_week import week_of
from accounts.services.calendar_feeds import make_feed, revoke_feed
from accounts.services.roster_import import ImportReport
from config.lib import clock
from config.lib.errors import DomainError
from escalations.forms.rosters import ROSTER_VERBS, imported, perform
from escalations.selectors.meetings import recurring_meetings
from escalations.selectors.roster_load import roster_load
from escalations.views.doors import RoledView

FIRST_YEAR, LAST_YEAR = 2000, 2100
FRESH_S = 300  # how long a calendar may keep what it read


class RostersView(RoledView):
    permission_required = "accounts.view_roster"

    def load(self, code: str) -> Roster:
        return get_object_or_404(Roster.objects.select_related("team", "owner"), code=code)


class Rosters(RostersView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self.shown("")

    def shown(self, address: str) -> HttpResponse:
        rows = roster_rows(visible_rosters(), self.person, self.at)
        feed = self.person.feeds.filter(roster=None, revoked_at=None).first()
        context = {"nav": "rosters", "rows": rows, "now": self.at, "address": address, "feed": feed}
        return render(self.request, "escalations/rosters/list.html", context)


class RosterGaps(RostersView):
    """Every gap of every roster, and who could cover it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = open_gaps(visible_rosters(), self.person, self.at)
        context = {"nav": "rosters", "rows": rows, "now": self.at}
        return render(request, "escalations/rosters/gaps.html", context)


class RosterPage(RostersView):
    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        return self.shown(self.load(code), "")

    def shown(self, roster: Roster, address: str) -> HttpResponse:
        context: dict[str, Any] = {
            "nav": "rosters",
            "roster": roster,
            "now": self.at,
            "week": week_of(roster, self._day(), self.person, self.at),
            "page": around(roster, self.person, self.at),
            "load": roster_load(roster, self.person, self.at),
            "address": address,
        }
        return render(self.request, "escalations/rosters/detail.html", context)

    def _day(self) -> date:
        """The day asked for; today for anything that is none."""
        today = self.at.astimezone(zone_named(self.person.time_zone)).date()
        try:
            day = date.fromisoformat(self.request.GET.get("week", ""))
        except ValueError:
            return today
        return day if FIRST_YEAR <= day.year < LAST_YEAR else today


class RosterVerbView(RostersView):
    """A button was pressed. What it says comes back as a message on the roster."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, code: str, verb: str) -> HttpResponse:
        roster = self.load(code)
        if verb not in ROSTER_VERBS:
            raise Http404
        try:
            said = perform(ROSTER_VERBS[verb], roster, request.POST, by=self.person, at=self.at)
        except DomainError as error:
            messages.error(request, error.detail)
        else:
            messages.success(request, said)
        if request.POST.get("back") == "gaps":
            return redirect("roster-gaps")
        return redirect("roster", code)


class RosterImport(RostersView):
    """A calendar file is looked at, and taken over once the look is confirmed."""

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        return self._page(self.load(code), None, 200)

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        roster = self.load(code)
        try:
            report = imported(roster, request.POST, request.FILES, by=self.person, at=self.at)
        except DomainError as error:
            messages.error(request, error.detail)
            return self._page(roster, None, error.status)
        if not report.is_dry_run:
            messages.success(request, f"{report.new} stand-ins recorded.")
            return redirect("roster", code)
        return self._page(roster, report, 200)

    def _page(self, roster: Roster, report: ImportReport | None, status: int) -> HttpResponse:
        context = {"nav": "rosters", "roster": roster, "report": report, "now": self.at}
        context["zones"] = sorted(available_timezones())
        page = "escalations/rosters/import.html"
        return render(self.request, page, context, status=status)


class RosterCalendar(RosterPage):
    """A new secret address of this roster's calendar. It is in this answer and nowhere else."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        roster = self.load(code)
        return self.shown(roster, address_of(make_feed(self.person, roster, at=self.at)))


class OwnCalendar(Rosters):
    """The same for all shifts of the person who asks; `stop` revokes it."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        if "stop" in request.POST:
            revoke_feed(self.person, None, at=self.at)
            messages.success(request, "The calendar's address no longer works.")
            return redirect("rosters")
        return self.shown(address_of(make_feed(self.person, None, at=self.at)))


class CalendarFeedView(View):
    """Opened by the secret in its address alone. Anything wrong is 404, in the same way."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        at = clock.now()
        feed = feed_behind(token)
        if feed is None:
            raise Http404
        meetings = [] if feed.roster else recurring_meetings(feed.user, at)
        text = calendar_of(feed, at, meetings)
        tag = quote_etag(etag_of(text))
        asked = parse_etags(request.headers.get("If-None-Match", ""))
        if tag in asked or "*" in asked:
            answer = HttpResponse(status=304)
        else:
            answer = HttpResponse(text, content_type="text/calendar; charset=utf-8")
            answer["Content-Disposition"] = 'inline; filename="on-call.ics"'
        answer["ETag"] = tag
        answer["Cache-Control"] = f"private, max-age={FRESH_S}"
        answer["Expires"] = http_date(at.timestamp() + FRESH_S)
        answer["X-Robots-Tag"] = "noindex"
        return answer


def etag_of(text: bytes) -> str:
    return sha256(text).hexdigest()[:32]


def address_of(token: str) -> str:
    return settings.BASE_URL + reverse("calendar-feed", args=[token])
