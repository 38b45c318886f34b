from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.rules import holidays
from config.lib.errors import DomainError
from escalations.forms.service_hours import AcceptForm, FeedForm, HoursForm, ProposalsForm
from escalations.models import ChangeRequest
from escalations.selectors.service_hours import HoursPage, hours_page, hours_rows
from escalations.services.hours_versions import ask_hours
from escalations.views.doors import RoledView

MAY_PUBLISH = "accounts.add_servicehoursversion"
HOW_FAR = timedelta(days=3 * 366)


class _HoursView(RoledView):
    permission_required = "accounts.view_servicehours"

    def load(self, code: str, year: int | None = None) -> HoursPage:
        try:
            return hours_page(code, self.at, year)
        except DomainError as error:
            raise Http404 from error

    def page(self, page: HoursPage, **more: Any) -> HttpResponse:
        zone = page.zone
        context = {
            "nav": "service-hours",
            "page": page,
            "now": self.at,
            "may_publish": self.person.has_perm(MAY_PUBLISH),
            "form": HoursForm(version=page.version),
            "proposals_form": ProposalsForm(initial={"year": page.year}),
            "feed_form": FeedForm(),
            "accept_form": AcceptForm(zone=zone),
            **more,
        }
        return render(self.request, "escalations/service_hours/detail.html", context)

    def ask(self, page: HoursPage, form: Form, **values: Any) -> ChangeRequest | None:
        """The request for a new version; what was wrong stands in the form."""
        if not self.person.has_perm(MAY_PUBLISH):
            raise PermissionDenied
        if not form.is_valid():
            return None
        given = form.cleaned_data
        try:
            found = ask_hours(
                page.hours,
                values | {"places": page.version.places},
                effective_from=given["effective_from"],
                reason=given["reason"],
                by=self.person,
                at=self.at,
            )
        except DomainError as error:
            field = error.errors[0]["field"] if error.errors else None
            form.add_error(field if field in form.fields else None, error.detail)
            return None
        messages.success(self.request, "Asked. It counts when others have approved it.")
        return found


class HoursList(_HoursView):
    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"nav": "service-hours", "rows": hours_rows(self.at), "now": self.at}
        return render(request, "escalations/service_hours/list.html", context)


class HoursDetail(_HoursView):
    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        text = request.GET.get("year", "")
        return self.page(self.load(code, int(text) if text.isdecimal() and len(text) < 5 else None))

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        page = self.load(code)
        form = HoursForm(request.POST, version=page.version)
        values = {}
        if form.is_valid():
            given = form.cleaned_data
            values = {
                "zone": given["zone_name"],
                "weekly": given["weekly"],
                "dates": given["dates"],
                "is_always_open": given["is_always_open"],
            }
        if asked := self.ask(page, form, **values):
            return redirect("change-request", asked.pk)
        return self.page(page, form=form)


class HoursHolidays(_HoursView):
    """GET with a country or POST with a file proposes; POST with days accepts them."""

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        page, form = self.load(code), ProposalsForm(request.GET)
        if not form.is_valid():
            return self.page(page, proposals_form=form)
        asked = form.cleaned_data
        try:
            years = range(asked["year"], asked["year"] + 1)
            found = holidays.of_country(asked["country"], asked["region"].upper(), years)
        except holidays.HolidayError as error:
            form.add_error(
                "region" if error.code == "unknown_region" else "country", error.sentence
            )
            return self.page(page, proposals_form=form)
        return self.page(page, proposals_form=form, proposed=self._new(page, found))

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        page = self.load(code)
        if not self.person.has_perm(MAY_PUBLISH):
            raise PermissionDenied
        if "file" in request.FILES:
            return self._of_file(page)
        form = AcceptForm(request.POST, zone=page.zone)
        days = request.POST.getlist("day") if form.is_valid() else []
        version = page.version
        values = {
            "zone": version.zone,
            "weekly": version.weekly,
            "is_always_open": version.is_always_open,
            "dates": {**version.dates, **{day: [] for day in days}},
        }
        if asked := self.ask(page, form, **values):
            return redirect("change-request", asked.pk)
        return self.page(page, accept_form=form)

    def _of_file(self, page: HoursPage) -> HttpResponse:
        form = FeedForm(self.request.POST, self.request.FILES)
        if not form.is_valid():
            return self.page(page, feed_form=form)
        today = self.at.date()
        try:
            found = holidays.in_file(form.cleaned_data["file"].read(), today, today + HOW_FAR)
        except holidays.HolidayError as error:
            form.add_error("file", error.sentence)
            return self.page(page, feed_form=form)
        return self.page(page, proposed=self._new(page, found))

    @staticmethod
    def _new(page: HoursPage, found: holidays.Found) -> dict[str, Any]:
        """Each proposed day, and whether it is listed already."""
        known: set[date] = {date.fromisoformat(day) for day in page.version.dates}
        rows = [
            {"on": each.on, "name": each.name, "is_listed": each.on in known}
            for each in found.holidays
        ]
        return {"rows": rows, "left_out": found.left_out}
