"""The versions of one governed thing: compared, asked for, rolled back. Policies have pages of
their own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config.lib.errors import DomainError
from escalations.forms.changes import AskForm, NumberForm, RollBackForm
from escalations.models import ChangeRequest
from escalations.selectors.approvals import approval_rows
from escalations.selectors.governed_kinds import BY_NAME
from escalations.selectors.governed_pages import governed_version, versions_page
from escalations.services.approval_numbers import ask_number
from escalations.services.changes import ask_approval, roll_back
from escalations.views.doors import RoledView

NAV = {
    "limits": "kpis",
    "playbook": "playbooks",
    "hours": "service-hours",
    "account_value": "customers",
    "roster": "rosters",
}
OWN_PAGES = ("policy",)


class GovernedView(RoledView):
    """The kind in the address names the right that its readers need."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        name = kwargs["kind"]
        if name not in BY_NAME or name in OWN_PAGES:
            raise Http404
        self.permission_required = self.rights(name)
        return super().dispatch(request, *args, **kwargs)

    def rights(self, name: str) -> tuple[str, ...]:
        return (BY_NAME[name].said.see,)


class Versions(GovernedView):
    def get(self, request: HttpRequest, kind: str, code: str) -> HttpResponse:
        try:
            page = versions_page(kind, code, self.person, request.GET)
        except DomainError as error:
            raise Http404 from error
        context = {"nav": NAV.get(kind, "changes"), "page": page, "now": self.at}
        context["standing"] = page.request
        return render(request, "escalations/changes/versions.html", context)


class _Ask(GovernedView):
    verb = ""
    form: type[RollBackForm] = RollBackForm

    def rights(self, name: str) -> tuple[str, ...]:
        said = BY_NAME[name].said
        return (said.see, said.right)

    def get(self, request: HttpRequest, kind: str, code: str, number: int) -> HttpResponse:
        return self._page(kind, code, number, self.form())

    def post(self, request: HttpRequest, kind: str, code: str, number: int) -> HttpResponse:
        form = self.form(request.POST)
        if not form.is_valid():
            return self._page(kind, code, number, form, 400)
        try:
            found = self.ask(kind, code, number, form.given())
        except DomainError as error:
            if error.code == "not_found":
                raise Http404 from error
            form.add_error(None, error.detail)
            return self._page(kind, code, number, form, 400)
        messages.success(request, "Asked. The committee is told.")
        return redirect("change-request", found.pk)

    def ask(self, kind: str, code: str, number: int, given: dict[str, Any]) -> ChangeRequest:
        raise NotImplementedError

    def _page(
        self, kind: str, code: str, number: int, form: RollBackForm, status: int = 200
    ) -> HttpResponse:
        try:
            found, version = governed_version(kind, code, number)
        except DomainError as error:
            raise Http404 from error
        if not found.has_emergency:
            form.fields.pop("is_emergency", None)
        context = {
            "nav": NAV.get(kind, "changes"),
            "name": found.name_of(version),
            "needed": found.needed(version),
            "version": version,
            "url": found.url(version),
            "form": form,
            "verb": self.verb,
        }
        return render(self.request, "escalations/changes/ask_version.html", context, status=status)


class AskVersion(_Ask):
    verb = "ask"
    form = AskForm

    def ask(self, kind: str, code: str, number: int, given: dict[str, Any]) -> ChangeRequest:
        return ask_approval(code, number, given, by=self.person, at=self.at, kind=kind)


class RollBackVersion(_Ask):
    verb = "roll-back"

    def ask(self, kind: str, code: str, number: int, given: dict[str, Any]) -> ChangeRequest:
        return roll_back(code, number, given, by=self.person, at=self.at, kind=kind)


class ApprovalsNeeded(RoledView):
    """How many approvals each kind of change needs; another number is asked for here."""

    permission_required = "escalations.view_changerequest"

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"nav": "changes", "rows": approval_rows(), "now": self.at}
        context["may_ask"] = self.person.has_perm(BY_NAME["approvals"].said.right)
        return render(request, "escalations/changes/approvals_needed.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NumberForm(request.POST)
        if not form.is_valid():
            messages.error(request, "Name a number from 1 to 9, and say why.")
            return redirect("approvals-needed")
        given = form.cleaned_data
        try:
            said = {"reason": given["reason"]}
            found = ask_number(given["code"], given["needed"], said, by=self.person, at=self.at)
        except DomainError as error:
            if error.code == "missing_right":
                raise PermissionDenied(error.detail) from error
            messages.error(request, error.detail)
            return redirect("approvals-needed")
        messages.success(request, "Asked. The number in force decides about it.")
        return redirect("change-request", found.pk)
