"""Ask the job cluster to run something, by dotted path: services never import tasks.

The ORM broker writes the job in the caller's own transaction, so a job of a rolled-back change
vanishes with it. Arguments are pickled: pass ids.
"""

from __future__ import annotations

from typing import Any

from django_q.tasks import async_task


def enqueue(path: str, *args: Any) -> None:
    async_task(path, *args)
