"""Every error of the API is one RFC 9457 problem document, whoever raised it.

Members: `type`, `title` (the status in words), `status`, `detail` (a sentence for people), `code`
(a word for machines), `errors` (list of {field, code, detail}, often empty), `request_id` (which
finds it in the log) and what a `DomainError` adds. Clients branch on `code`, never on `detail`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.core.exceptions import ValidationError as ModelInvalid
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from config.lib.database_trouble import Trouble, database_trouble
from config.lib.errors import DomainError, Later, constraint_name, from_integrity_error
from config.lib.request_ids import current_id

logger = logging.getLogger("belay.problems")

PREFIXES = ("/api/", "/v2/")
PATHS = ("/api", "/v2", "/healthz", "/readyz")

CODES = {
    400: "bad_request",
    401: "not_authenticated",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "throttled",
    500: "internal_error",
    503: "unavailable",
}
SENTENCES = {
    400: "The request could not be read. Check its address, headers and body.",
    401: "Sign in, or send `Authorization: Token ...`.",
    403: "Your role does not include this.",
    404: "Nothing here, or nothing that you may see.",
    405: "This address does not take that method. See the Allow header.",
    413: "The body is too large. Send less at once.",
    429: "Too many requests. Wait, then try again.",
    500: "The fault is ours and is in the log. Try again; the request may not have been saved.",
    503: "Not ready. Try again soon.",
}
# Headers that belong to the answer, not to the page it came with.
KEPT_HEADERS = ("Allow", "WWW-Authenticate", "Retry-After", "Vary", "Set-Cookie")


def speaks_problems(path: str) -> bool:
    return path.startswith(PREFIXES) or path in PATHS


def problem(
    status: int,
    code: str = "",
    detail: str = "",
    *,
    errors: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
    **extra: Any,
) -> JsonResponse:
    """`extra` never overrides a standard member."""
    document = extra | {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or SENTENCES.get(status, HTTPStatus(status).phrase + "."),
        "code": code or CODES.get(status, "error"),
        "errors": errors or [],
    }
    if request_id := current_id():
        document["request_id"] = request_id
    return JsonResponse(
        document, status=status, content_type="application/problem+json", headers=headers
    )


def unavailable(trouble: Trouble) -> JsonResponse:
    headers = {"Retry-After": str(trouble.retry_after_s)}
    return problem(503, trouble.code, trouble.sentence, headers=headers)


def exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """DRF's hook. None lets Django log the exception and answer 500 (see ProblemMiddleware)."""
    response = to_problem(exc)
    if response is not None:
        set_rollback()
    return response


def to_problem(exc: Exception) -> HttpResponse | None:
    match exc:
        case Later():
            wait = {"Retry-After": str(exc.retry_after_s)}
            answer = problem(exc.status, exc.code, exc.detail, headers=wait)
            # A 503 on purpose is no fault: Django would log each as one, just when there are many.
            answer._has_been_logged = True  # type: ignore[attr-defined]
            return answer
        case DomainError():
            return problem(exc.status, exc.code, exc.detail, errors=exc.errors, **exc.extra)
        case exceptions.ValidationError():
            return _invalid(list(_flat(exc.get_full_details(), ())))
        case ModelInvalid():
            return _invalid(list(_model_errors(exc)))
        case exceptions.APIException():
            return _api_exception(exc)
        case Http404():
            return problem(404)
        case PermissionDenied():
            return problem(403, detail=str(exc))
        case ProtectedError() | RestrictedError():
            return problem(409, "protected", "Other records need this one. Retire it instead.")
        case IntegrityError():
            # By name only: PostgreSQL's own words quote the whole row.
            logger.warning("A constraint stopped a write: %s", constraint_name(exc))
            return to_problem(from_integrity_error(exc))
        case OperationalError() | InterfaceError() if trouble := database_trouble(exc):
            logger.error("The database is in trouble: %s", trouble.code)
            return unavailable(trouble)
        case DataError():
            return problem(400, "out_of_range", "A value is too large or too long to store.")
    return None


def _invalid(errors: list[dict[str, Any]]) -> HttpResponse:
    detail = "The body breaks a rule. See `errors`."
    if len(errors) == 1:
        field = errors[0]["field"]
        detail = (f"{field}: " if field else "") + errors[0]["detail"]
    return problem(400, "invalid", detail, errors=errors)


def _flat(details: Any, path: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """DRF's tree of {message, code} -> rows with dotted fields: "clocks.0.kind"."""
    if isinstance(details, list):
        for index, item in enumerate(details):
            is_leaf = isinstance(item, dict) and set(item) == {"message", "code"}
            yield from _flat(item, path if is_leaf else (*path, str(index)))
    elif set(details) == {"message", "code"} and not isinstance(details["code"], list | dict):
        yield {"field": ".".join(path), "code": details["code"], "detail": str(details["message"])}
    else:
        for name, item in details.items():
            is_whole = name in (api_settings.NON_FIELD_ERRORS_KEY, NON_FIELD_ERRORS)
            yield from _flat(item, path if is_whole else (*path, str(name)))


def _model_errors(exc: ModelInvalid) -> Iterator[dict[str, str]]:
    by_field = exc.error_dict if hasattr(exc, "error_dict") else {NON_FIELD_ERRORS: exc.error_list}
    for field, field_errors in by_field.items():
        for error in field_errors:
            for message in error.messages:
                yield {
                    "field": "" if field == NON_FIELD_ERRORS else field,
                    "code": error.code or "invalid",
                    "detail": message,
                }


def _api_exception(exc: exceptions.APIException) -> HttpResponse:
    headers = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait))
    code, detail = exc.get_codes(), str(exc.detail)
    if isinstance(exc, exceptions.NotAuthenticated):
        detail = SENTENCES[401]
    if code == "permission_denied" and detail.startswith("CSRF Failed"):
        code = "csrf_failed"
    return problem(exc.status_code, code if isinstance(code, str) else "", detail, headers=headers)


class ProblemMiddleware:
    """Turns what Django itself answers under /api/ (unknown URL, 500, bad host) into problems."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not speaks_problems(request.path_info):
            return response
        if response.status_code in (301, 302) and request.method not in ("GET", "HEAD", "OPTIONS"):
            # Most clients would repeat this as a GET and lose the body.
            return problem(404, "missing_slash", "Addresses of the API end with a slash.")
        if response.status_code < 400:
            return response
        if response.get("Content-Type", "").startswith("application/problem+json"):
            return response
        answer = problem(response.status_code)
        for name in KEPT_HEADERS:
            if name in response:
                answer[name] = response[name]
        answer.cookies = response.cookies
        return answer

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        """A DomainError from a plain Django view under /api/; the rest is Django's to log."""
        if speaks_problems(request.path_info) and isinstance(exc, DomainError):
            return to_problem(exc)
        return None
