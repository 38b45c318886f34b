"""Words to the committee, and its answers."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config.lib.errors import DomainError
from escalations.forms.changes import AnswerSuggestionForm, SuggestForm
from escalations.selectors.incidents import MAX_NUMBER
from escalations.selectors.suggestions import policy_name, suggestion_rows
from escalations.services.suggestions import answer_suggestion, suggest
from escalations.views.doors import IncidentsView

NAV = {"nav": "suggestions"}


class Suggestions(IncidentsView):
    """The committee reads all of them, others their own."""

    def get(self, request: HttpRequest) -> HttpResponse:
        context = NAV | {"rows": suggestion_rows(self.person), "now": self.at}
        return render(request, "escalations/suggestions/list.html", context)


class Suggest(IncidentsView):
    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        asked = {"about": request.GET.get("about", ""), "incident": request.GET.get("incident", "")}
        return self._page(code, SuggestForm(initial=asked))

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        form = SuggestForm(request.POST)
        if not form.is_valid():
            return self._page(code, form, 400)
        try:
            suggest(code, form.cleaned_data, by=self.person, at=self.at)
        except DomainError as error:
            if error.code == "not_found":
                raise Http404 from error
            form.add_error(None, error.detail)
            return self._page(code, form, 400)
        messages.success(request, "Thank you: the committee reads it and answers here.")
        return redirect("suggestions")

    def _page(self, code: str, form: SuggestForm, status: int = 200) -> HttpResponse:
        name = policy_name(code)
        if name is None:
            raise Http404
        context = NAV | {"form": form, "policy": name}
        return render(self.request, "escalations/suggestions/new.html", context, status=status)


class AnswerSuggestion(IncidentsView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        form = AnswerSuggestionForm(request.POST)
        said = form.cleaned_data["answer"] if form.is_valid() else ""
        try:
            if pk > MAX_NUMBER:
                raise Http404
            answer_suggestion(pk, said, by=self.person, at=self.at)
            messages.success(request, "Answered.")
        except DomainError as error:
            if error.code == "not_found":
                raise Http404 from error
            if error.code == "missing_right":
                raise PermissionDenied(error.detail) from error
            messages.error(request, error.detail)
        return redirect("suggestions")
