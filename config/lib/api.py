"""Ground of the API: strict JSON, known parameters only, and who may call at all."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, NoReturn

from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from config.lib import clock
from config.lib.errors import DomainError
from config.lib.pages import CursorPages

__all__ = ["BelayAPIView", "CursorPages", "HasAnyRole", "StrictJSONParser"]

MAX_DEPTH = 32
NUL = "\x00"


def _null_character() -> DomainError:
    return DomainError("null_character", "Text must not contain the NUL character.")


class StrictJSONParser(JSONParser):
    """JSON as the standard has it, in UTF-8, and only text that the database can hold.

    Raises DomainError 400: not_utf8, bad_json, too_deep, null_character, not_unicode.
    """

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> dict | list | str | int | float | bool | None:
        try:
            text = stream.read().decode("utf-8")
        except UnicodeDecodeError:
            raise DomainError("not_utf8", "The body is not UTF-8.") from None
        try:
            body = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        except RecursionError:
            raise _too_deep() from None
        except ValueError as error:
            raise DomainError("bad_json", f"The body is no JSON: {error}.") from None
        # Escapes are the only way these get past the decoder: most bodies skip the walk.
        _walk(body, refuse_nul="\\u0000" in text)
        if "\\ud" in text or "\\uD" in text:
            _refuse_lone_surrogates(body)
        return body


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large")
    return number


def _too_deep() -> DomainError:
    return DomainError("too_deep", f"The body nests deeper than {MAX_DEPTH} levels.")


def _walk(body: Any, *, refuse_nul: bool) -> None:
    level, depth = [body], 0
    while level:
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
                if refuse_nul and any(NUL in name for name in item):
                    raise _null_character()
            elif isinstance(item, list):
                inner += item
            elif refuse_nul and isinstance(item, str) and NUL in item:
                raise _null_character()
        depth += 1
        if depth > MAX_DEPTH + 1:
            raise _too_deep()
        level = inner


def _refuse_lone_surrogates(body: Any) -> None:
    try:
        json.dumps(body, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise DomainError("not_unicode", "Text holds half of a character pair.") from None


class HasAnyRole(BasePermission):
    """Signed in, active, and in at least one group: every group is a role (accounts.roles)."""

    message = "You have no role yet. Ask a governor for one."
    code = "no_role"

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not user or not user.is_authenticated or not user.is_active:
            return False
        return user.is_superuser or user.groups.exists()


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
            raise _null_character()

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
