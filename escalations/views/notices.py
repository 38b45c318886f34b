"""One message out: what became of it, try by try, and to send it again."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config.lib.errors import DomainError, NotAllowed
from escalations.selectors.incidents import MAX_NUMBER
from escalations.selectors.notices import NoticePage, notice_page
from escalations.services.dead_letters import send_again
from escalations.views.doors import IncidentsView


class _OneNotice(IncidentsView):
    def load(self, pk: int) -> NoticePage:
        page = notice_page(pk, self.person) if pk <= MAX_NUMBER else None
        if page is None:
            raise Http404
        return page


class NoticeDetail(_OneNotice):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        context = {"page": self.load(pk), "now": self.at, "nav": "incident"}
        return render(request, "escalations/notices/detail.html", context)


class NoticeAgain(_OneNotice):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.load(pk)
        try:
            send_again(pk, reason=request.POST.get("reason", ""), by=self.person, at=self.at)
            messages.success(request, "It is on its way again.")
        except NotAllowed as error:
            raise PermissionDenied(error.detail) from error
        except DomainError as error:
            messages.error(request, error.detail)
        return redirect("notice", pk)
