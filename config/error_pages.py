"""What people read when an address is wrong, not theirs, or broken. The API speaks problems."""

from __future__ import annotations

import logging
import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from config.lib.database_trouble import Trouble, database_trouble
from config.lib.problems import problem, speaks_problems, unavailable
from config.lib.request_ids import current_id

logger = logging.getLogger("belay.pages")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if speaks_problems(request.path_info):
        return problem(403)
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if speaks_problems(request.path_info):
        return problem(404)
    return render(request, "404.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """Django asks for this while it handles the exception."""
    if trouble := database_trouble(sys.exc_info()[1]):
        return _unavailable(request, trouble)
    if speaks_problems(request.path_info):
        return problem(500)
    try:
        return render(request, "500.html", {"request_id": current_id()}, status=500)
    except Exception:  # the page asks the database who you are; that may be what is broken
        logger.exception("The error page failed too")
        sentence = "That did not work. The fault is ours and is in the log. Try again soon."
        if request_id := current_id():
            sentence += f" If you report this, give this code: {request_id}"
        return HttpResponse(sentence, status=500, content_type="text/plain")


def _unavailable(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    """Drawn without asking who reads it: that too would need the database."""
    if speaks_problems(request.path_info):
        return unavailable(trouble)
    context = {
        "sentence": trouble.sentence,
        "retry_after_s": trouble.retry_after_s,
        "request_id": current_id(),
    }
    page = render_to_string("503.html", context)
    return HttpResponse(page, status=503, headers={"Retry-After": str(trouble.retry_after_s)})
