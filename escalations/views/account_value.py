"""What an account is worth: the rubric in force, and another one asked for."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.rules.value_checks import problems
from accounts.services.value_rubrics import rubric_from
from config.lib.errors import DomainError
from escalations.forms.account_value import ValueForm
from escalations.selectors.account_value import ValuePage, tier_changes, value_page
from escalations.services.value_versions import ask_value
from escalations.views.doors import RoledView

MAY_ASK = "accounts.add_valuerubricversion"


class AccountValue(RoledView):
    permission_required = "accounts.view_valuerubricversion"

    def get(self, request: HttpRequest) -> HttpResponse:
        page = value_page()
        return self._page(page, ValueForm(rubric=page.rubric))

    def post(self, request: HttpRequest) -> HttpResponse:
        """With `look` it only shows who would change tier."""
        if not self.person.has_perm(MAY_ASK):
            raise PermissionDenied
        page = value_page()
        is_look = "look" in request.POST
        form = ValueForm(request.POST, rubric=page.rubric, is_look=is_look)
        if not form.is_valid():
            return self._page(page, form, 400)
        if is_look:
            return self._look(page, form)
        given = form.cleaned_data
        asked = {"effective_from": given["effective_from"], "reason": given["reason"]}
        try:
            found = ask_value(form.values(), **asked, by=self.person, at=self.at)
        except DomainError as error:
            return self._refused(page, form, error)
        messages.success(request, "Asked. It values accounts when others have approved it.")
        return redirect("change-request", found.pk)

    def _look(self, page: ValuePage, form: ValueForm) -> HttpResponse:
        rubric = rubric_from(form.values())
        found = problems(rubric)
        for each in found:
            form.add_error(each.field, each.sentence)
        if found:
            return self._page(page, form, 400)
        reach = tier_changes(page.rubric, rubric, self.person)
        return self._page(page, form, reach=reach)

    def _refused(self, page: ValuePage, form: ValueForm, error: DomainError) -> HttpResponse:
        for each in error.errors or ():
            form.add_error(each["field"] if each["field"] in form.fields else None, each["detail"])
        if not error.errors:
            form.add_error(None, error.detail)
        return self._page(page, form, 400)

    def _page(
        self, page: ValuePage, form: ValueForm, status: int = 200, **more: Any
    ) -> HttpResponse:
        context = {"nav": "customers", "page": page, "form": form, "now": self.at, **more}
        context["may_ask"] = self.person.has_perm(MAY_ASK)
        template = "escalations/customers/value.html"
        return render(self.request, template, context, status=status)
