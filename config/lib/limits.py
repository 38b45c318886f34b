"""How large a body may be, decided before anything reads it.

`BODY_LIMITS` maps a path prefix to bytes, the longest prefix wins; `BODY_LIMIT` is for the rest.
A body with a length is judged by its header and stays unread, so uploads still stream to disk.
A chunked body has no length: it is read here, one byte past the limit at most.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from config.lib.problems import problem, speaks_problems

CHUNK = 64 * 2**10


def limit_for(path: str) -> int:
    """Bytes."""
    prefixes = [prefix for prefix in settings.BODY_LIMITS if path.startswith(prefix)]
    return settings.BODY_LIMITS[max(prefixes, key=len)] if prefixes else settings.BODY_LIMIT


class BodyLimitMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._refusal(request) or self.get_response(request)

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        limit = limit_for(request.path_info)
        length = request.META.get("CONTENT_LENGTH") or ""
        if length:
            if not (length.isascii() and length.isdigit()):
                return _refuse(request, 400, "bad_content_length", "Content-Length is no number.")
            # Compared by digits first: int() of a very long header would raise.
            is_over = len(length.lstrip("0")) > 15 or int(length) > limit
            return _too_large(request, limit) if is_over else None
        if request.META.get("HTTP_TRANSFER_ENCODING"):
            return self._take_chunked(request, limit)
        return None

    def _take_chunked(self, request: HttpRequest, limit: int) -> HttpResponse | None:
        if not request.META.get("wsgi.input_terminated"):
            # This server does not mark the end of a chunked body; reading would hang.
            return _refuse(request, 411, "length_required", "Send a Content-Length header.")
        stream, body = request.META["wsgi.input"], bytearray()
        while len(body) <= limit:
            part = stream.read(min(CHUNK, limit + 1 - len(body)))
            if not part:
                break
            body += part
        if len(body) > limit:
            return _too_large(request, limit)
        # Django takes a missing length for an empty body: give it the length and the bytes.
        request.META["CONTENT_LENGTH"] = str(len(body))
        request.META["wsgi.input"] = request._stream = BytesIO(bytes(body))
        return None


def _too_large(request: HttpRequest, limit: int) -> HttpResponse:
    sentence = f"The body is larger than {limit} bytes, the limit here. Send less at once."
    return _refuse(request, 413, "body_too_large", sentence)


def _refuse(request: HttpRequest, status: int, code: str, sentence: str) -> HttpResponse:
    if speaks_problems(request.path_info):
        return problem(status, code, sentence)
    return HttpResponse(sentence, status=status, content_type="text/plain")
