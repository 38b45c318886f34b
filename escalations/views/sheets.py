"""Tables out and in as CSV, by whoever may read or write them in the governance pages."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config.lib.csv_answers import as_csv
from config.lib.errors import DomainError
from escalations.forms.sheets import imported
from escalations.selectors.sheets import TABLES, Table, exported, tables_for
from escalations.services.sheets import Imported
from escalations.views.doors import IncidentsView


class Sheets(IncidentsView):
    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"nav": "sheets", "tables": tables_for(self.person), "now": self.at}
        return render(request, "escalations/sheets/list.html", context)


class SheetExport(IncidentsView):
    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        table = _readable(self, name)
        text = "".join(exported(table, self.person))
        return as_csv(text, table.name)


class SheetImport(IncidentsView):
    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        return self._page(_writable(self, name), None, 200)

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        table = _writable(self, name)
        try:
            done = imported(table, request.POST, request.FILES, by=self.person, at=self.at)
        except DomainError as error:
            messages.error(request, error.detail)
            return self._page(table, None, error.status)
        if done.errors or done.is_dry_run:
            return self._page(table, done, 400 if done.errors else 200)
        messages.success(request, f"{done.added} added, {done.changed} changed.")
        return redirect("sheets")

    def _page(self, table: Table, done: Imported | None, status: int) -> HttpResponse:
        context = {"nav": "sheets", "table": table, "done": done, "now": self.at}
        context["columns"] = table.columns_for(self.person)
        context["reason"] = self.request.POST.get("reason", "")
        return render(self.request, "escalations/sheets/import.html", context, status=status)


def _readable(view: IncidentsView, name: str) -> Table:
    if name not in TABLES:
        raise Http404
    if not TABLES[name].is_readable(view.person):
        raise PermissionDenied
    return TABLES[name]


def _writable(view: IncidentsView, name: str) -> Table:
    table = _readable(view, name)
    if not table.is_writable(view.person):
        raise PermissionDenied
    return table
