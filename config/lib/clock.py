"""What time is it? The database says, so that every machine agrees.

Only views, tasks and commands ask, once per request, task or sweep; everything below gets `at`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection


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
