"""What would happen to an incident like this, under any version, and beside another one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from config.lib.errors import DomainError
from escalations.forms.policy_preview import PolicyPreviewForm, initial_of
from escalations.models import PolicyVersion
from escalations.selectors.incidents import MAX_NUMBER, visible_incident
from escalations.selectors.policies import policy_doc
from escalations.selectors.policy_pages import policy_card
from escalations.services.examples import MAY, add_example, drafts_of
from escalations.services.policy_preview import (
    Foretold,
    asked_of,
    foretell,
    known_from,
    version_of,
)
from escalations.views.policies import PoliciesView, asked_number


class PolicyPreview(PoliciesView):
    """GET shows the form, filled from `?incident=N` and then tried at once; POST tries what is
    typed and, with `name` and `draft`, keeps it as a worked example."""

    def get(self, request: HttpRequest, code: str, number: int) -> HttpResponse:
        version, incident = self._version(code, number), asked_number(request, "incident")
        if incident is None:
            return self._page(version, self._form(version))
        try:
            found = visible_incident(min(incident, MAX_NUMBER), self.person)
        except DomainError as error:
            raise Http404 from error
        initial = {"against": request.GET.get("against", "")} | initial_of(
            asked_of(found, self.person)
        )
        form = self._form(version, initial)
        typed = self._form(version, {n: "" if v is None else v for n, v in initial.items()}, True)
        return self._page(version, form, self._tried(version, typed), of=found)

    def post(self, request: HttpRequest, code: str, number: int) -> HttpResponse:
        version = self._version(code, number)
        form = self._form(version, request.POST, True)
        tried = self._tried(version, form)
        if not tried or "example" not in request.POST:
            return self._page(version, form, tried)
        draft = request.POST.get("draft", "")
        if not draft.isascii() or not draft.isdigit() or len(draft) > 6:
            raise Http404
        try:
            kept = add_example(
                code, int(draft), request.POST.get("name", ""), tried[0], by=self.person, at=self.at
            )
        except DomainError as error:
            if error.status in (403, 404):
                raise (PermissionDenied if error.status == 403 else Http404) from error
            form.add_error(None, error.detail)
            return self._page(version, form, tried)
        messages.success(request, f"{kept.name!r} is an example of v{draft} now.")
        return redirect(f"{reverse('policy', args=[code])}?v={draft}")

    def _version(self, code: str, number: int) -> PolicyVersion:
        try:
            return version_of(code, number)
        except DomainError as error:
            raise Http404 from error

    def _form(self, version: PolicyVersion, given: Any = None, is_sent: bool = False) -> Any:
        versions = version.policy.versions.exclude(pk=version.pk).order_by("-number")
        fill = {"data": given} if is_sent else {"initial": given}
        doc = policy_doc(version.pk)
        return PolicyPreviewForm(doc=doc, versions=list(versions), **fill)

    def _tried(self, version: PolicyVersion, form: PolicyPreviewForm) -> list[Foretold]:
        """Under this version, and under the other that is asked for."""
        if not form.is_valid():
            return []
        asked = form.asked()
        at = asked["at"] or self.at
        known = known_from(asked, at)
        versions = [version]
        if asked["against"]:
            versions.append(self._version(version.policy.code, int(asked["against"])))
        try:
            return [foretell(each, known, at, self.person) for each in versions]
        except DomainError as error:
            form.add_error(None, error.detail)
            return []

    def _page(
        self, version: PolicyVersion, form: Any, tried: list[Foretold] | None = None, of: Any = None
    ) -> HttpResponse:
        code = version.policy.code
        may_keep = bool(tried) and self.person.has_perm(MAY)
        context = {
            "nav": "policies",
            "card": policy_card(code),
            "version": version,
            "form": form,
            "tried": tried or [],
            "of": of,
            "drafts": drafts_of(code) if may_keep else [],
            "now": self.at,
        }
        return render(self.request, "escalations/policies/preview.html", context)
