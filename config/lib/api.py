"""Ground of the API: strict JSON and who may call at all.

DRF imports these while its own views load, so nothing here may import them; the view that all
others stand on is in config.lib.api_view.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from config.lib.errors import DomainError
from config.lib.pages import CursorPages

__all__ = ["CursorPages", "HasAnyRole", "StrictJSONParser"]

MAX_DEPTH = 32
NUL = "\x00"


def null_character() -> DomainError:
    return DomainError("null_character", "Text must not contain the NUL character.")


class StrictJSONParser(JSONParser):
    """JSON as the standard has it, in UTF-8, and only text that the database can hold.

    Raises DomainError 400: not_utf8, bad_json, too_deep, null_character, not_unicode.
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
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
                    raise null_character()
            elif isinstance(item, list):
                inner += item
            elif refuse_nul and isinstance(item, str) and NUL in item:
                raise null_character()
        depth += 1
        if inner and depth > MAX_DEPTH:
            raise _too_deep()
        if not refuse_nul:  # only what nests is looked into
            inner = [item for item in inner if type(item) is dict or type(item) is list]
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
