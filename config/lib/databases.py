"""Statements that come again and again are planned once, writers of SQLite queue up, and instants
are read quickly."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection

AFTER = 5  # times the same
_turn = threading.Lock()


@contextmanager
def prepared() -> Iterator[None]:
    """Inside, PostgreSQL plans a statement once a connection: of a signal that joins, half the
    database's work is planning. For code whose statements are few and known to bear it: grouping
    by an expression with parameters, for one, does not. Elsewhere nothing changes."""
    if connection.vendor != "postgresql" or not settings.PREPARED_STATEMENTS:
        yield
        return
    from django.db.backends.postgresql.base import ServerBindingCursor

    connection.ensure_connection()
    raw = connection.connection
    before = raw.cursor_factory, raw.prepare_threshold
    raw.cursor_factory, raw.prepare_threshold = ServerBindingCursor, AFTER
    try:
        yield
    finally:
        raw.cursor_factory, raw.prepare_threshold = before


def is_prepared() -> bool:
    """Are we inside `prepared`, on PostgreSQL?"""
    raw = connection.connection
    return connection.vendor == "postgresql" and raw is not None and _is_bound_there(raw)


def _is_bound_there(raw: Any) -> bool:
    from django.db.backends.postgresql.base import ServerBindingCursor

    return raw.cursor_factory is ServerBindingCursor


def numbered_cursor() -> Any:
    """For a statement whose places are called $1, $2, inside `prepared`. The driver looks for %s
    letter by letter, and where there are more than fifty it does so every time anew."""
    raw = connection.connection
    before = raw.cursor_factory
    raw.cursor_factory = _numbered()
    try:
        return connection.cursor()
    finally:
        raw.cursor_factory = before


@cache
def _numbered() -> Any:
    from django.db.backends.postgresql.base import CursorMixin
    from psycopg import RawCursor

    class NumberedCursor(CursorMixin, RawCursor):
        pass

    return NumberedCursor


@contextmanager
def in_turn() -> Iterator[None]:
    """SQLite has one writer, and whoever finds it busy sleeps longer and longer. Inside, the
    threads of this process queue up here instead, so that other processes get their turn too."""
    if connection.vendor != "sqlite":
        yield
        return
    with _turn:
        yield


def read_instants_quickly(connection: Any, **_: Any) -> None:
    """Takes a new connection (`connection_created`). Django reads each instant of PostgreSQL by a
    regular expression, 9 us each; a page of the queue holds thousands. The server answers in UTC
    and ISO 8601, which `datetime` reads by itself in less than one."""
    if connection.vendor == "postgresql" and connection.timezone is UTC:
        connection.connection.adapters.register_loader("timestamptz", _instant())


@cache
def _instant() -> Any:
    from django.db.backends.postgresql.psycopg_any import BaseTzLoader

    class Instant(BaseTzLoader):
        timezone = UTC

        def load(self, data: Any) -> datetime:
            try:
                return datetime.fromisoformat(str(data, "ascii"))
            except ValueError:  # before the year 1, or infinity
                return super().load(data)

    return Instant
