"""Changes of the rules: asked for, answered, put in force, rolled back, and what was said."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config.lib.errors import DomainError
from escalations.forms.changes import AnswerForm, AskForm, RollBackForm
from escalations.models import ChangeRequest
from escalations.selectors.backtests import backtest_of
from escalations.selectors.changes import approvals_log, request_page, request_rows
from escalations.selectors.incidents import MAX_NUMBER
from escalations.selectors.policy_lint import findings_of
from escalations.selectors.policy_pages import policy_page
from escalations.services.change_news import mark_read
from escalations.services.changes import approve, ask_approval, roll_back, send_back, withdraw
from escalations.views.doors import RoledView
from escalations.views.policies import asked_number

NAV = {"nav": "changes"}
SAID = {
    "in_review": "Your approval is noted. Others are still to answer.",
    "scheduled": "Approved. It takes effect at the instant shown.",
    "in_force": "In force.",
    "sent_back": "Sent back: it is a draft again.",
    "withdrawn": "Withdrawn: it is a draft again.",
    "expired": "Taken back: what was in force before decides again.",
}


class ChangesView(RoledView):
    permission_required: str | tuple[str, ...] = "escalations.view_changerequest"


class Requests(ChangesView):
    def get(self, request: HttpRequest) -> HttpResponse:
        context = NAV | {"rows": request_rows(self.person), "now": self.at}
        return render(request, "escalations/changes/list.html", context)


class RequestDetail(ChangesView):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        page = request_page(pk, self.person, self.at) if pk <= MAX_NUMBER else None
        if page is None:
            raise Http404
        if any(r.person_id == self.person.pk and not r.read_at for r in page.readers):
            mark_read(page.row.request, by=self.person, at=self.at)
            page = request_page(pk, self.person, self.at)
        context: dict[str, Any] = {
            **NAV,
            "page": page,
            "standing": page and page.row,
            "now": self.at,
        }
        context["backtest"] = backtest_of(pk, self.person)
        return render(request, "escalations/changes/detail.html", context)


class ApprovalsLog(ChangesView):
    def get(self, request: HttpRequest) -> HttpResponse:
        context = NAV | {"words": approvals_log(), "now": self.at}
        return render(request, "escalations/changes/log.html", context)


class Answer(ChangesView):
    """approve, send-back or withdraw. The verb says what lacks, in words."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        form = AnswerForm(request.POST)
        if verb not in ("approve", "send-back", "withdraw") or pk > MAX_NUMBER:
            raise Http404
        if not form.is_valid():
            messages.error(request, "A comment has at most 1,000 characters.")
            return redirect("change-request", pk)
        try:
            found = self._answer(pk, verb, form.cleaned_data["comment"])
            messages.success(request, found.stopped_why or SAID[found.state])
        except DomainError as error:
            if error.code == "not_found":
                raise Http404 from error
            if error.code == "missing_right":
                raise PermissionDenied(error.detail) from error
            messages.error(request, error.detail)
        return redirect("change-request", pk)

    def _answer(self, pk: int, verb: str, comment: str) -> ChangeRequest:
        if verb == "approve":
            return approve(pk, by=self.person, at=self.at, comment=comment)
        if verb == "send-back":
            return send_back(pk, by=self.person, at=self.at, comment=comment)
        return withdraw(pk, by=self.person, at=self.at)


class _Ask(RoledView):
    permission_required = ("escalations.view_policyversion", "escalations.change_policyversion")
    template = ""

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        return self._page(code, self._form(code))

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        form = self._form(code, request.POST)
        if not form.is_valid():
            return self._page(code, form, 400)
        try:
            found = self.ask(code, form.given())
        except DomainError as error:
            form.add_error(None, error.detail)
            return self._page(code, form, 400)
        messages.success(request, "Asked. The committee is told.")
        return redirect("change-request", found.pk)

    def ask(self, code: str, given: dict[str, Any]) -> ChangeRequest:
        raise NotImplementedError

    def _form(self, code: str, sent: Any = None) -> RollBackForm:
        return RollBackForm(sent)

    @property
    def number(self) -> int:
        number = asked_number(self.request, "v")
        if number is None:
            raise Http404
        return number

    def _page(self, code: str, form: RollBackForm, status: int = 200) -> HttpResponse:
        try:
            page = policy_page(code, self.person, self.at, number=self.number)
        except DomainError as error:
            raise Http404 from error
        context = {"nav": "policies", "page": page, "form": form, "now": self.at}
        return render(self.request, self.template, context, status=status)


class AskApproval(_Ask):
    template = "escalations/changes/ask.html"

    def ask(self, code: str, given: dict[str, Any]) -> ChangeRequest:
        return ask_approval(code, self.number, given, by=self.person, at=self.at)

    def _form(self, code: str, sent: Any = None) -> RollBackForm:
        try:
            findings = findings_of(code, self.number, self.at)
        except DomainError as error:
            raise Http404 from error
        return AskForm(sent, warnings=[each for each in findings if not each.is_error])


class RollBack(_Ask):
    template = "escalations/changes/roll_back.html"

    def ask(self, code: str, given: dict[str, Any]) -> ChangeRequest:
        return roll_back(code, self.number, given, by=self.person, at=self.at)
