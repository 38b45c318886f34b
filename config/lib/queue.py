"""Ask the job cluster to run something, by dotted path: services never import tasks.

The ORM broker writes the job in the caller's own transaction, so a job of a rolled-back change
vanishes with it. Arguments are pickled: pass ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django_q.models import OrmQ
from django_q.tasks import async_task

Job = tuple[str, tuple[Any, ...]]
_gathered: ContextVar[dict[Job, None] | None] = ContextVar("gathered", default=None)


def queued_jobs() -> int:
    """Jobs that wait or run."""
    return OrmQ.objects.count()


def enqueue(path: str, *args: Any) -> None:
    jobs = _gathered.get()
    if jobs is None:
        async_task(path, *args)
    else:
        jobs[path, args] = None


@contextmanager
def gathered() -> Iterator[None]:
    """Every job that is asked for inside is enqueued once, at the end. For long loads that ask
    for the same few jobs thousands of times."""
    token = _gathered.set({})
    try:
        yield
        jobs = _gathered.get() or {}
    finally:
        _gathered.reset(token)
    for path, args in jobs:
        async_task(path, *args)
