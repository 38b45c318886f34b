"""What time is it? The database says, so that every machine agrees.

Only views, tasks and commands ask, once per request, task or sweep; everything below gets `at`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

from django.db import connection

ASK_EVERY_S = 1.0


def now() -> datetime:
    """The database's wall clock, UTC, in microseconds (milliseconds on SQLite).

    On SQLite the database runs in this process, so its clock is this machine's clock; the
    process's own reading is the same and saves a query.
    """
    if connection.vendor == "sqlite":
        return datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0].astimezone(UTC)


def running(ask: Callable[[], datetime] = now) -> Callable[[], datetime]:
    """A clock for a process that looks at it all the time: the database says what time it is once
    a second, and in between the time that passed is counted. Whoever sets this machine's clock
    changes nothing."""
    told_at: datetime | None = None
    at = 0.0

    def look() -> datetime:
        nonlocal told_at, at
        passed = monotonic() - at
        if told_at is None or passed >= ASK_EVERY_S:
            told_at, at, passed = ask(), monotonic(), 0.0
        return told_at + timedelta(seconds=passed)

    return look
