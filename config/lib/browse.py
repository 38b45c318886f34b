"""Ground of list pages: what the address asks for, its filters, chips and pages.

A list page lives in its address, so that it can be pasted into a chat. Unknown names and values
are dropped rather than refused: an old link still opens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet

PAGE = 50
LAST_PAGE = 1000
CAP = 1000
NUL = "\x00"


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter with few values. `options` are (value, label); the empty value means any."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Chip:
    label: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class Select:
    name: str
    label: str
    options: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows. `total` in words, capped: nobody counts a million rows for a footer."""

    rows: tuple[Any, ...]
    total: str
    next_url: str
    previous_url: str


class Browse:
    """What one request asks of a list at `url`."""

    def __init__(self, given: Mapping[str, str], *, url: str, choices: Sequence[Choice]) -> None:
        self.url_of_all = url
        self.choices = tuple(choices)
        self.values: dict[str, str] = {}
        for choice in self.choices:
            value = given.get(choice.name, "")
            if value and value in dict(choice.options):
                self.values[choice.name] = value
        self.q = given.get("q", "").replace(NUL, "").strip()[:200]
        page = given.get("page", "")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
        self.page = min(max(number, 1), LAST_PAGE)

    def value(self, name: str) -> str:
        return self.values.get(name, "")

    def url(self, **changed: Any) -> str:
        kept: dict[str, Any] = {"q": self.q, **self.values, "page": self.page, **changed}
        if kept["page"] == 1:
            kept.pop("page")
        query = urlencode({name: value for name, value in kept.items() if value})
        return self.url_of_all + (f"?{query}" if query else "")

    @property
    def selects(self) -> tuple[Select, ...]:
        return tuple(
            Select(
                choice.name,
                choice.label,
                tuple((v, label, v == self.value(choice.name)) for v, label in choice.options),
            )
            for choice in self.choices
        )

    @property
    def chips(self) -> tuple[Chip, ...]:
        words = {"q": f"“{self.q}”"} if self.q else {}
        for choice in self.choices:
            if value := self.value(choice.name):
                words[choice.name] = f"{choice.label}: {dict(choice.options)[value]}"
        return tuple(
            Chip(label, self.url(**{name: "", "page": 1})) for name, label in words.items()
        )

    def page_of(self, rows: QuerySet, size: int = PAGE) -> Page:
        """Two queries: the rows of this page and a capped count."""
        start = (self.page - 1) * size
        found = list(rows[start : start + size + 1])
        if self.page == 1 and len(found) <= size:
            count = len(found)
        else:
            count = rows.order_by()[: CAP + 1].count()
        return Page(
            rows=tuple(found[:size]),
            total=f"{CAP:,}+" if count > CAP else f"{count}",
            next_url=self.url(page=self.page + 1) if len(found) > size else "",
            previous_url=self.url(page=self.page - 1) if self.page > 1 else "",
        )
