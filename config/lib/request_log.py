"""What a request leaves in the log: one line, and its id on every other line.

A line holds no query string, no header and no body, so no password and no token gets here.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path
from django.utils.functional import SimpleLazyObject

from config.lib.request_ids import HEADER, current_id, id_of, known_as

logger = logging.getLogger("belay.request")

# Parts of an address that open a door by themselves.
SECRET_PARTS = frozenset({"token", "key", "secret"})
KEPT = "belay.request_id"


class RequestIdMiddleware:
    """First in the list: what the others log and answer carries the id too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request.META[KEPT] = id_of(request.headers.get(HEADER))
        began = time.perf_counter()
        with known_as(request_id):
            response = self.get_response(request)
            response[HEADER] = request_id
            logger.info(
                "%s %s %s %d ms user %s",
                request.method,
                shown_path(request),
                response.status_code,
                (time.perf_counter() - began) * 1000,
                user_id(request) or "-",
            )
        return response


def shown_path(request: HttpRequest) -> str:
    """Escaped, so that nobody writes a line of their own into the log."""
    return escape_uri_path(_without_secrets(request, request.path))


def _without_secrets(request: HttpRequest, text: str) -> str:
    if match := request.resolver_match:
        for name, value in match.kwargs.items():
            if name in SECRET_PARTS:
                text = text.replace(str(value), "***")
    return text


def user_id(request: HttpRequest) -> int | None:
    """Of the person the request turned out to be; never a query of its own."""
    found = vars(request).get("user")
    if type(found) is SimpleLazyObject:
        found = vars(request).get("_cached_user")  # None while nobody asked who it is
    return getattr(found, "pk", None)


class RequestIdFilter(logging.Filter):
    """Gives every record a `request_id`; "-" for work that no request asked for."""

    def filter(self, record: logging.LogRecord) -> bool:
        request_id = current_id()
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest):  # Django tells of it, some time after the answer
            request_id = request.META.get(KEPT, request_id)
            if isinstance(record.args, tuple):
                record.args = tuple(
                    _without_secrets(request, arg) if isinstance(arg, str) else arg
                    for arg in record.args
                )
        record.request_id = request_id or "-"
        return True


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request_id, exception."""

    def format(self, record: logging.LogRecord) -> str:
        request_id = getattr(record, "request_id", "-")
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": None if request_id == "-" else request_id,
            "exception": self.formatException(record.exc_info) if record.exc_info else None,
        }
        return json.dumps(line, ensure_ascii=False)
