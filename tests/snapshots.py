"""Rows that many tests begin with: made once by the services, then put back by plain INSERTs.

Making the demo company costs hundreds of queries and a second; putting its rows back costs
hundredths. Only for an empty database, as every test has it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection

LEFT_OUT = {"django_migrations", "django_content_type", "auth_permission", "sqlite_sequence"}
Table = tuple[str, list[tuple[Any, ...]]]
_kept: dict[tuple[str, str], tuple[list[Table], list[str]]] = {}


def put(name: str, make: Callable[[], Any]) -> None:
    """Run `make` the first time in this process, and put its rows back every other time."""
    key = (connection.vendor, name)
    if key not in _kept:
        make()
        _kept[key] = _take()
        return
    tables, sequences = _kept[key]
    with connection.cursor() as cursor:
        for insert, rows in tables:
            cursor.executemany(insert, rows)
        for sql in sequences:
            cursor.execute(sql)


def _take() -> tuple[list[Table], list[str]]:
    tables: list[Table] = []
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for name in sorted(set(connection.introspection.table_names(cursor)) - LEFT_OUT):
            cursor.execute(f"SELECT * FROM {quote(name)}")
            columns = [column[0] for column in cursor.description]
            if rows := cursor.fetchall():
                into = ", ".join(quote(column) for column in columns)
                marks = ", ".join(["%s"] * len(columns))
                insert = f"INSERT INTO {quote(name)} ({into}) VALUES ({marks})"
                tables.append((insert, [tuple(map(_plain, row)) for row in rows]))
    return tables, connection.ops.sequence_reset_sql(no_style(), list(apps.get_models()))


def _plain(value: Any) -> Any:
    """SQLite's driver takes no times; as text they are what Django stores."""
    if connection.vendor != "sqlite":
        return value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date | time) else value
