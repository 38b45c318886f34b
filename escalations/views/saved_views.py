"""Views of the queue that people keep, and the form of all filters."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from config.lib.errors import DomainError
from config.lib.undo import undoable
from escalations.forms.queue_filters import FilterForm
from escalations.selectors.incidents import MAX_NUMBER
from escalations.selectors.queue import areas_for
from escalations.selectors.queue_filters import Asked
from escalations.selectors.saved_views import asked_of, scopes_of, teams_of, view_rows
from escalations.services.saved_views import (
    change_view,
    delete_view,
    restore_view,
    save_view,
    start_with,
)
from escalations.views.doors import IncidentsView


class QueueFilters(IncidentsView):
    def get(self, request: HttpRequest) -> HttpResponse:
        asked = Asked.of(request.GET)
        context = {"nav": "queue", "form": FilterForm(asked), "asked": asked}
        context["areas"] = areas_for(self.person)
        return render(request, "escalations/queue/filters.html", context)


class SavedViews(IncidentsView):
    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"nav": "queue", "views": view_rows(self.person)}
        context["scopes"] = scopes_of(self.person, teams_of(self.person))
        return render(request, "escalations/queue/views.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        given = request.POST
        asked = Asked.of(QueryDict(given.get("query", "").partition("?")[2]))
        name, scope = given.get("name", ""), given.get("scope", "me")
        try:
            view = save_view(name, asked, scope=scope, by=self.person, at=self.at)
        except DomainError as error:
            messages.error(request, error.detail)
            return redirect(asked.url())
        messages.success(request, f"Saved as \u201c{view.name}\u201d.")
        return redirect(asked_of(view).url())


class SavedViewVerb(IncidentsView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        act = getattr(self, f"_{verb}", None) if verb in VERBS else None
        if act is None or pk > MAX_NUMBER:
            raise Http404
        try:
            return redirect(act(pk) or "queue-views")
        except DomainError as error:
            if error.status == 404:
                raise Http404 from error
            if error.status == 403:
                raise PermissionDenied(error.detail) from error
            messages.error(request, error.detail)
            return redirect("queue-views")

    def _rename(self, pk: int) -> None:
        view = change_view(pk, name=self.request.POST.get("name", ""), by=self.person)
        messages.success(self.request, f"It is called \u201c{view.name}\u201d now.")

    def _share(self, pk: int) -> None:
        view = change_view(pk, scope=self.request.POST.get("scope", "me"), by=self.person)
        words = "everybody" if view.is_for_all else str(view.team) if view.team else "you alone"
        messages.success(self.request, f"\u201c{view.name}\u201d is for {words} now.")

    def _update(self, pk: int) -> str:
        query = QueryDict(self.request.POST.get("query", "").partition("?")[2])
        view = change_view(pk, asked=Asked.of(query), by=self.person)
        messages.success(self.request, f"\u201c{view.name}\u201d keeps these filters now.")
        return asked_of(view).url()

    def _delete(self, pk: int) -> None:
        view = delete_view(pk, by=self.person, at=self.at)
        back = reverse("queue-view-verb", args=[pk, "restore"])
        undoable(self.request, f"\u201c{view.name}\u201d is deleted.", back)

    def _restore(self, pk: int) -> None:
        view = restore_view(pk, by=self.person, at=self.at)
        messages.success(self.request, f"\u201c{view.name}\u201d is back.")

    def _start(self, pk: int) -> None:
        start_with(pk, by=self.person)
        messages.success(self.request, "Your queue opens with this view.")

    def _unstart(self, pk: int) -> None:
        start_with(None, by=self.person)
        messages.success(self.request, "Your queue opens with everything.")


VERBS = ("rename", "share", "update", "delete", "restore", "start", "unstart")
