"""Exceptions from policies: the list with the debt, one of them, asking, answering and renewing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config.lib.csv_answers import as_csv
from config.lib.errors import DomainError
from escalations.forms.exceptions import ExceptionForm, RenewForm
from escalations.selectors.exception_sheet import exception_sheet
from escalations.selectors.exceptions import (
    ExceptionView,
    exception_list,
    exception_page,
    list_choices,
)
from escalations.selectors.incidents import MAX_NUMBER
from escalations.services import exceptions as verbs
from escalations.views.doors import RoledView

NAV = {"nav": "exceptions"}
Act = Callable[[int, Mapping[str, str], Any, Any], object]
ACTS: dict[str, tuple[str, Act]] = {
    "approve": (
        "Approved.",
        lambda pk, said, by, at: verbs.approve_exception(
            pk, answer=said.get("answer", ""), by=by, at=at
        ),
    ),
    "refuse": (
        "Refused.",
        lambda pk, said, by, at: verbs.refuse_exception(
            pk, answer=said.get("answer", ""), by=by, at=at
        ),
    ),
    "end": (
        "Ended.",
        lambda pk, said, by, at: verbs.end_exception(
            pk, reason=said.get("reason", ""), by=by, at=at
        ),
    ),
}


def _filters(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET.get(name, "") for name in ("state", "policy", "account")}


class Exceptions(RoledView):
    permission_required = "escalations.view_policyexception"

    def get(self, request: HttpRequest) -> HttpResponse:
        given = _filters(request)
        page = exception_list(self.person, self.at, given)
        context = NAV | {"page": page, "asked": given, "choices": list_choices(), "now": self.at}
        return render(request, "escalations/exceptions/list.html", context)


class ExceptionsExport(RoledView):
    permission_required = "escalations.view_policyexception"

    def get(self, request: HttpRequest) -> HttpResponse:
        text = "".join(exception_sheet(self.person, self.at, _filters(request)))
        return as_csv(text, f"exceptions-{self.at:%Y-%m-%d}")


class OneException(RoledView):
    permission_required = "escalations.view_policyexception"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        context = NAV | {"view": self.load(pk), "form": RenewForm(), "now": self.at}
        return render(request, "escalations/exceptions/detail.html", context)

    def load(self, pk: int) -> ExceptionView:
        found = exception_page(pk, self.person, self.at) if pk <= MAX_NUMBER else None
        if found is None:
            raise Http404
        return found


class AskException(RoledView):
    permission_required = "escalations.add_policyexception"

    def get(self, request: HttpRequest) -> HttpResponse:
        known = ("policy", "account", "incident")
        initial = {name: request.GET[name] for name in known if request.GET.get(name)}
        initial |= {"limited_to": next((n for n in ("incident", "account") if n in initial), "")}
        return self._page(ExceptionForm(initial=initial, person=self.person))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ExceptionForm(request.POST, person=self.person)
        if not form.is_valid():
            return self._page(form, 400)
        try:
            made = verbs.ask_exception(form.given(), by=self.person, at=self.at)
        except DomainError as error:
            field = error.errors[0]["field"] if error.errors else None
            form.add_error(field if field in form.fields else None, error.detail)
            return self._page(form, 400)
        messages.success(request, "Asked. It counts once somebody else approves it.")
        return redirect("exception", pk=made.pk)

    def _page(self, form: ExceptionForm, status: int = 200) -> HttpResponse:
        context = NAV | {"form": form, "now": self.at}
        return render(self.request, "escalations/exceptions/new.html", context, status=status)


class ActOnException(OneException):
    """Approve, refuse and end; the service judges who may."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        if verb not in ACTS:
            raise Http404
        self.load(pk)
        done, act = ACTS[verb]
        try:
            act(pk, request.POST, self.person, self.at)
            messages.success(request, done)
        except DomainError as error:
            if error.code in ("missing_right", "own_request"):
                raise PermissionDenied(error.detail) from error
            messages.error(request, error.detail)
        return redirect("exception", pk=pk)


class RenewException(OneException):
    permission_required = "escalations.add_policyexception"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        view, form = self.load(pk), RenewForm(request.POST)
        try:
            if form.is_valid():
                made = verbs.renew_exception(pk, form.given(), by=self.person, at=self.at)
                messages.success(request, "Asked anew. It counts once somebody else approves it.")
                return redirect("exception", pk=made.pk)
        except DomainError as error:
            form.add_error(None, error.detail)
        context = NAV | {"view": view, "form": form, "now": self.at}
        return render(request, "escalations/exceptions/detail.html", context, status=400)
