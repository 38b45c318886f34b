"""Lists of the governance pages that stay quick however long the table is: what is shown is read
once, and nobody counts a million rows for a footer."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest

CAP = 1000  # rows counted beyond the page that is asked for
LAST_PAGE = 100_000


class Counted(int):
    """How many there are, or at least this many: then it reads "1,000+"."""

    is_all = True

    @classmethod
    def up_to(cls, limit: int, counted: int) -> Counted:
        found = cls(min(counted, limit))
        found.is_all = counted <= limit
        return found

    def __str__(self) -> str:
        return f"{int(self)}" if self.is_all else f"{int(self):,}+"


class LongList(ChangeList):
    """Reads the rows of the page first: few of them need no count, many are counted up to a cap
    that moves with the page."""

    def get_results(self, request: HttpRequest) -> None:
        if self.show_all:
            super().get_results(request)
            return
        if not 1 <= self.page_num <= LAST_PAGE:
            raise IncorrectLookupParameters
        size = self.list_per_page
        start = (self.page_num - 1) * size
        rows: list[Any] = list(self.queryset[start : start + size + 1])
        if not rows and start:
            raise IncorrectLookupParameters
        count = Counted(len(rows))
        if start or len(rows) > size:
            limit = start + CAP
            keys = self.queryset.order_by().values("pk")
            count = Counted.up_to(limit, keys[: limit + 1].count())
        self.paginator = self.model_admin.get_paginator(request, self.queryset, size)
        self.paginator.count = count
        self.result_count, self.full_result_count = count, None
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.result_list = rows[:size]
        self.can_show_all = count <= self.list_max_show_all
        self.multi_page = count > size
