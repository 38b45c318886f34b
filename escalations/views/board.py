"""The monthly letter to the board."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from config.lib.errors import DomainError
from escalations.selectors.board import READ, board_letter, month_of, months
from escalations.views.doors import RoledView


class Board(RoledView):
    permission_required = READ

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"nav": "board", "months": months(self.person, self.at), "now": self.at}
        return render(request, "escalations/board/list.html", context)


class BoardMonth(RoledView):
    permission_required = READ

    def get(self, request: HttpRequest, month: str) -> HttpResponse:
        try:
            asked = month_of(month, self.at)
        except DomainError as error:
            raise Http404 from error
        context = {"nav": "board", "letter": board_letter(self.person, asked, self.at)}
        return render(request, "escalations/board/detail.html", context | {"now": self.at})
