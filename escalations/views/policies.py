"""Policies to read: what is in force and since when, what a version says, what would change."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config.lib.errors import DomainError
from escalations.forms.policies import PolicyDocumentForm
from escalations.rules.policy_documents import as_text
from escalations.selectors.changes import version_request
from escalations.selectors.policy_pages import (
    compare_page,
    policy_card,
    policy_cards,
    policy_page,
    version_doc,
)
from escalations.services.policy_documents import draft_from_text, look_at
from escalations.views.doors import RoledView


class PoliciesView(RoledView):
    permission_required: str | tuple[str, ...] = "escalations.view_policyversion"


class Policies(PoliciesView):
    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"nav": "policies", "policies": policy_cards(), "now": self.at}
        return render(request, "escalations/policies/list.html", context)


class PolicyDetail(PoliciesView):
    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        try:
            page = policy_page(
                code,
                self.person,
                self.at,
                number=asked_number(request, "v"),
                on=_day(request.GET.get("on", "")),
            )
        except DomainError as error:
            raise Http404 from error
        context = {"nav": "policies", "page": page, "now": self.at, "today": self.at.date()}
        if page.version is not None:
            context["standing"] = version_request(code, page.version.number, self.person)
        return render(request, "escalations/policies/detail.html", context)


class PolicyCompare(PoliciesView):
    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        before, after = asked_number(request, "from"), asked_number(request, "to")
        if before is None or after is None:
            raise Http404
        try:
            page = compare_page(code, before, after, self.at)
        except DomainError as error:
            raise Http404 from error
        standing = version_request(code, after, self.person)
        context = {"nav": "policies", "page": page, "standing": standing, "now": self.at}
        return render(request, "escalations/policies/compare.html", context)


class PolicyFile(PoliciesView):
    """A version as a document that can live in a repository."""

    def get(self, request: HttpRequest, code: str, number: int, kind: str) -> HttpResponse:
        if kind not in ("yaml", "json"):
            raise Http404
        try:
            text = as_text(version_doc(code, number), kind)
        except DomainError as error:
            raise Http404 from error
        answer = HttpResponse(text, content_type=f"application/{kind}; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{code}-v{number}.{kind}"'
        return answer


class PolicyImport(PoliciesView):
    """Look first, then store as a draft: both read the document anew."""

    permission_required = ("escalations.view_policyversion", "escalations.add_policyversion")

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """Begins with the version named, so that it is the next draft but for what is changed."""
        number, text = asked_number(request, "v"), ""
        if number is not None:
            try:
                text = as_text(version_doc(code, number), "yaml")
            except DomainError as error:
                raise Http404 from error
        return self._page(code, PolicyDocumentForm(initial={"document": text}))

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        form = PolicyDocumentForm(request.POST)
        if not form.is_valid():
            return self._page(code, form)
        given = form.cleaned_data
        self._card(code)
        looked = look_at(code, given["document"], self.at)
        if request.POST.get("act") != "draft" or looked.is_refused:
            return self._page(code, form, looked)
        try:
            version = draft_from_text(
                code, given["document"], by=self.person, at=self.at, note=given["note"]
            )
        except DomainError as error:
            form.add_error(None, error.detail)
            return self._page(code, form, looked)
        messages.success(request, f"Draft v{version.number} is stored.")
        return redirect(f"{self._card(code).url}?v={version.number}")

    def _card(self, code: str) -> Any:
        try:
            return policy_card(code)
        except DomainError as error:
            raise Http404 from error

    def _page(self, code: str, form: PolicyDocumentForm, looked: Any = None) -> HttpResponse:
        context = {"nav": "policies", "card": self._card(code), "form": form, "now": self.at}
        if looked is not None:
            names = ("errors", "findings", "comparison", "is_refused")
            context |= {name: getattr(looked, name) for name in names}
        return render(self.request, "escalations/policies/import.html", context)


def asked_number(request: HttpRequest, name: str) -> int | None:
    """404 for what is no number: nobody types these."""
    text = request.GET.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise Http404
    return int(text)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
