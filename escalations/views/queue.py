from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from escalations.selectors.maintenance import lasting
from escalations.selectors.queue import queue, queue_version
from escalations.selectors.queue_filters import Asked
from escalations.selectors.saved_views import tabs_of
from escalations.selectors.storms import storms_for
from escalations.views.doors import IncidentsView


class Queue(IncidentsView):
    def get(self, request: HttpRequest) -> HttpResponse:
        starts = [tab for tab in tabs_of(self.person) if tab.is_start] if not request.GET else []
        if starts:
            return redirect(starts[0].asked.url())
        page = queue(self.person, Asked.of(request.GET), self.at)
        context = {"nav": "queue", "page": page, "now": self.at, "storms": storms_for(self.person)}
        context["windows"] = lasting(self.at)
        return render(request, "escalations/incidents/list.html", context)


class QueueRows(IncidentsView):
    """The queue again for a page that is open; 204 while nothing changed."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.GET.get("version") == queue_version(self.person):
            return HttpResponse(status=204)
        page = queue(self.person, Asked.of(request.GET), self.at)
        context = {"page": page, "now": self.at, "storms": storms_for(self.person)}
        return render(request, "escalations/incidents/_queue.html", context)
