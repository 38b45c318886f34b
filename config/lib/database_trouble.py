"""When the database itself is in trouble: what to tell people, and when to ask again.

Nothing is half-stored then: every change is one transaction, and what was answered with success
was committed before.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import InterfaceError, OperationalError


@dataclass(frozen=True, slots=True)
class Trouble:
    """An answer of 503: `code` for machines, `sentence` for people."""

    code: str
    sentence: str
    retry_after_s: int


AWAY = Trouble("database_away", "The database does not answer. Nothing was stored.", 5)
FULL = Trouble("disk_full", "The database has no room left. Nothing was stored.", 60)
BUSY = Trouble("database_busy", "The database is busy. Nothing was stored.", 1)

FULL_STATES = ("53100", "54000")
BUSY_STATES = ("40001", "40P01", "55P03", "57014")
FULL_WORDS = ("database or disk is full", "disk i/o error")
BUSY_WORDS = ("database is locked", "database table is locked")


def database_trouble(error: BaseException | None) -> Trouble | None:
    """None for anything that is not the database's own trouble."""
    if not isinstance(error, OperationalError | InterfaceError):
        return None
    state = getattr(error.__cause__, "sqlstate", None) or ""
    words = str(error).lower()
    if state in FULL_STATES or any(each in words for each in FULL_WORDS):
        return FULL
    if state in BUSY_STATES or any(each in words for each in BUSY_WORDS):
        return BUSY
    if "no such" in words:
        return None  # a fault of ours or a missing migration, see /readyz
    return AWAY
