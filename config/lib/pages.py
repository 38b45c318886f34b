"""Lists by keyset: a cursor holds the last row's sort values, so pages stay cheap and stable.

DRF's own cursor compares the first sort field only: it loses its place among equal values and
breaks on empty ones. This one compares every field, the primary key last.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Field, ForeignKey, Model, Q
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from config.lib.errors import DomainError

MAX_CURSOR = 4000  # characters


@dataclass(frozen=True, slots=True)
class SortKey:
    """One sort field. Empty values come last, whatever the direction."""

    name: str
    is_descending: bool
    is_nullable: bool
    field: Field | None

    @classmethod
    def of(cls, model: type[Model], word: str) -> SortKey:
        name = word.lstrip("-")
        try:
            field = model._meta.pk if name == "pk" else model._meta.get_field(name)
            assert isinstance(field, Field), "lists are ordered by columns"
        except FieldDoesNotExist:  # an annotation
            return cls(name, word.startswith("-"), True, None)
        return cls(name, word.startswith("-"), field.null, field)

    def order(self, is_backward: bool) -> Any:
        nulls = {}
        if self.is_nullable:
            nulls = {"nulls_first": True} if is_backward else {"nulls_last": True}
        goes_down = self.is_descending != is_backward
        return F(self.name).desc(**nulls) if goes_down else F(self.name).asc(**nulls)

    def beyond(self, value: Any, is_backward: bool) -> Q | None:
        """Rows after `value` in this direction; None when there can be none."""
        if value is None:
            return Q(**{f"{self.name}__isnull": False}) if is_backward else None
        goes_down = self.is_descending != is_backward
        further = Q(**{f"{self.name}__{'lt' if goes_down else 'gt'}": value})
        if self.is_nullable and not is_backward:
            further |= Q(**{f"{self.name}__isnull": True})
        return further

    def equal(self, value: Any) -> Q:
        return Q(**({f"{self.name}__isnull": True} if value is None else {self.name: value}))

    def parse(self, value: Any) -> Any:
        if value is None or self.field is None:
            return value
        return (
            self.field.target_field.to_python(value)
            if isinstance(self.field, ForeignKey)
            else (self.field.to_python(value))
        )

    def of_row(self, row: Any) -> Any:
        if isinstance(row, dict):
            return row[self.name]
        if self.field is not None:
            return getattr(row, self.field.attname)
        return getattr(row, self.name)


def bad_cursor() -> DomainError:
    return DomainError(
        "bad_cursor", "This cursor does not belong to this list. Start again without it."
    )


class CursorPages(BasePagination):
    """{results, next, previous}. The view names `ordering_fields` and its own `ordering`."""

    default_size, max_size = 50, 500
    query_parameters = ("cursor", "page_size", "ordering")

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list:
        self.request = request
        size = self._size(request)
        self.words = self._ordering(request, view)
        self.keys = [SortKey.of(queryset.model, word) for word in self.words]
        is_backward, values = self._cursor(request)
        if values is not None:
            queryset = queryset.filter(self._after(values, is_backward))
        ordered = queryset.order_by(*(key.order(is_backward) for key in self.keys))
        rows = list(ordered[: size + 1])
        has_more, page = len(rows) > size, rows[:size]
        if is_backward:
            page.reverse()
        has_next = has_more if not is_backward else True
        has_previous = has_more if is_backward else values is not None
        self.next = self._link(page[-1], "n") if page and has_next else None
        self.previous = self._link(page[0], "p") if page and has_previous else None
        return page

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.next, "previous": self.previous})

    def _size(self, request: Request) -> int:
        text = request.query_params.get("page_size")
        if text is None:
            return self.default_size
        if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) >= 1):
            raise DomainError("bad_page_size", f"page_size is 1 to {self.max_size}.")
        return min(int(text), self.max_size)

    def _ordering(self, request: Request, view: Any) -> tuple[str, ...]:
        default = getattr(view, "ordering", ("-pk",))
        words = (default,) if isinstance(default, str) else tuple(default)
        if asked := request.query_params.get("ordering"):
            allowed = getattr(view, "ordering_fields", ())
            words = tuple(word.strip() for word in asked.split(","))
            names = [word.removeprefix("-") for word in words]
            if not set(names) <= set(allowed) or len(set(names)) < len(names):
                known = ", ".join(allowed) or "nothing here"
                raise DomainError("unknown_ordering", f"This list can be ordered by: {known}.")
        if words[-1].lstrip("-") != "pk":
            words = (*words, "-pk" if words[0].startswith("-") else "pk")
        return words

    def _cursor(self, request: Request) -> tuple[bool, list[Any] | None]:
        text = request.query_params.get("cursor")
        if text is None:
            return False, None
        if len(text) > MAX_CURSOR:
            raise bad_cursor()
        try:
            words, direction, values = json.loads(urlsafe_b64decode(text.encode("ascii")))
            if tuple(words) != self.words or direction not in ("n", "p"):
                raise bad_cursor()
            if any(isinstance(value, list | dict) for value in values):
                raise bad_cursor()
            parsed = [key.parse(v) for key, v in zip(self.keys, values, strict=True)]
        except (ValueError, TypeError, binascii.Error, ValidationError, RecursionError):
            raise bad_cursor() from None
        return direction == "p", parsed

    def _after(self, values: list[Any], is_backward: bool) -> Q:
        """(a, b, pk) after (x, y, z): a after x, or a = x and b after y, or ..."""
        condition, same = Q(pk__in=[]), Q()
        for key, value in zip(self.keys, values, strict=True):
            if (beyond := key.beyond(value, is_backward)) is not None:
                condition |= same & beyond
            same &= key.equal(value)
        first, value = self.keys[0], values[0]
        if not first.is_nullable:
            # Said once more without OR, so that the index can start at the right place.
            goes_down = first.is_descending != is_backward
            condition &= Q(**{f"{first.name}__{'lte' if goes_down else 'gte'}": value})
        return condition

    def _link(self, row: Any, direction: str) -> str:
        place = [self.words, direction, [key.of_row(row) for key in self.keys]]
        text = json.dumps(place, cls=_Exact, separators=(",", ":"))
        cursor = urlsafe_b64encode(text.encode()).decode("ascii")
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor)

    # --- for the schema -------------------------------------------------------------------------
    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {
                "results": schema,
                "next": link,
                "previous": link,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        allowed = getattr(view, "ordering_fields", ())
        words = [sign + name for name in allowed for sign in ("", "-")]
        size = {"type": "integer", "minimum": 1, "maximum": self.max_size}
        rows = [
            ("cursor", "From `next` or `previous`.", {"type": "string"}),
            ("page_size", f"Default {self.default_size}.", size),
        ]
        if words:
            sentence = "Comma-separated: " + ", ".join(words) + "."
            rows.append(("ordering", sentence, {"type": "string"}))
        return [
            {"name": name, "in": "query", "required": False, "description": text, "schema": schema}
            for name, text, schema in rows
        ]


class _Exact(DjangoJSONEncoder):
    """Django's encoder cuts microseconds to milliseconds; a cursor must not."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if hasattr(o, "isoformat") else super().default(o)
