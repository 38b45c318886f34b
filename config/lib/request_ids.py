"""One id per request: on the answer, in every line of the log, and in what people may report."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)

_current: ContextVar[str] = ContextVar("request_id", default="")


def current_id() -> str:
    """Of the request this code works for; empty outside of one."""
    return _current.get()


def id_of(asked: str | None) -> str:
    """The caller's own id if it is harmless in a log, else a new one."""
    return asked if asked and SANE.fullmatch(asked) else uuid.uuid4().hex


@contextmanager
def known_as(request_id: str) -> Iterator[None]:
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)
