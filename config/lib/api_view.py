"""The view that every view of the API stands on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rest_framework.request import Request
from rest_framework.views import APIView

from config.lib import clock
from config.lib.api import NUL, null_character
from config.lib.errors import DomainError
from config.lib.people import person_of

if TYPE_CHECKING:
    from django.contrib.auth.models import _User


class BelayAPIView(APIView):
    """Every view of the API stands on this, before generic views and mixins.

    `filters`: query parameters of GET, name -> sentence for the docs. Any other is refused, so
    that a misspelt filter never returns everything. `pagination_class` adds its own.
    """

    filters: Mapping[str, str] = {}
    ordering_fields: tuple[str, ...] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self._refuse_unknown_parameters(request)
        texts = [*kwargs.values(), *(v for vs in request.query_params.lists() for v in vs[1])]
        if any(isinstance(text, str) and NUL in text for text in texts):
            raise null_character()

    def _refuse_unknown_parameters(self, request: Request) -> None:
        known = {"format"}
        if request.method in ("GET", "HEAD"):
            known |= set(self.filters)
            known |= set(getattr(getattr(self, "pagination_class", None), "query_parameters", ()))
        if unknown := sorted(set(request.query_params) - known):
            allowed = ", ".join(sorted(known - {"format"})) or "none"
            raise DomainError(
                "unknown_parameter",
                f"Unknown query parameter {', '.join(unknown)[:200]!r}. Known here: {allowed}.",
                errors=[
                    {"field": name[:100], "code": "unknown_parameter", "detail": "Not known here."}
                    for name in unknown[:20]
                ],
            )

    @cached_property
    def person(self) -> _User:
        """Who asks; the permission classes let nobody else in."""
        return person_of(self.request)

    @cached_property
    def at(self) -> datetime:
        """The present moment, asked once per request."""
        return clock.now()

    def parameter(self, name: str) -> str | None:
        """One query parameter; given twice is refused rather than guessed."""
        values = self.request.query_params.getlist(name)
        if len(values) > 1:
            raise DomainError("repeated_parameter", f"Give {name} once.")
        return values[0] if values else None

    def document(self) -> dict[str, Any]:
        """The body as one JSON object; no body at all is `{}`."""
        if not isinstance(body := self.request.data, dict):
            raise DomainError("not_an_object", "The body is one JSON object.")
        return body

    def documents(self, *, limit: int) -> list[dict[str, Any]]:
        """The body as one JSON object or a list of 1 to `limit`; errors name the row from 0."""
        rows = self.request.data
        rows = rows if isinstance(rows, list) else [rows]
        if not 1 <= len(rows) <= limit:
            raise DomainError("bad_row_count", f"Send 1 to {limit} rows at once.")
        if wrong := [index for index, row in enumerate(rows) if not isinstance(row, dict)]:
            raise DomainError(
                "not_an_object",
                "Every row is one JSON object.",
                errors=[
                    {"row": i, "field": "", "code": "not_an_object", "detail": "Not an object."}
                    for i in wrong[:100]
                ],
            )
        return rows
