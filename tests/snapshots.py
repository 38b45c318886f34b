"""Rows that many tests begin with: made once by the services, then put back by plain INSERTs.

Making the demo company costs hundreds of queries and a second; putting its rows back costs
hundredths. Only for an empty database, as every test has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, transaction

# Made by the database itself, or by triggers.
LEFT_OUT = {"django_migrations", "django_content_type", "auth_permission", "sqlite_sequence"}
LEFT_OUT |= {"belay_stamp"}
PERMISSIONS = (
    "SELECT p.id, c.app_label, p.codename FROM auth_permission p "
    "JOIN django_content_type c ON c.id = p.content_type_id"
)
Name = tuple[str, str]


@dataclass(slots=True)
class Table:
    insert: str
    columns: list[str]
    rows: list[tuple[Any, ...]]


@dataclass(slots=True)
class Snapshot:
    tables: list[Table]
    sequences: list[str]
    permissions: dict[int, Name]
    script: tuple[dict[int, int], str] | None = None  # all of it in one text, for PostgreSQL


_kept: dict[tuple[str, str], Snapshot] = {}


class _Ground:
    """What lies below the tests at present, in a transaction that is never committed."""

    name = ""
    transaction: transaction.Atomic | None = None


def put(name: str, make: Callable[[], Any]) -> None:
    """Run `make` the first time in this process, and put its rows back every other time."""
    key = (connection.vendor, name)
    if key not in _kept:
        make()
        _kept[key] = _take()
    elif name != _Ground.name:
        _put_back(_kept[key])
    elif connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # numbers go on counting when all else is undone
            cursor.execute("".join(_kept[key].sequences))


def stand_on(name: str) -> None:
    """The next tests find these rows there already and undo only what they do themselves; empty:
    they find nothing. Rows that were never made are left to `put`."""
    if (connection.vendor, name) not in _kept:
        name = ""
    if name == _Ground.name:
        return
    if _Ground.transaction is not None:
        transaction.set_rollback(True)
        _Ground.transaction.__exit__(None, None, None)
        _Ground.transaction = None
    _Ground.name = name
    if name:
        _Ground.transaction = transaction.atomic()
        _Ground.transaction.__enter__()
        _put_back(_kept[connection.vendor, name])


def _put_back(kept: Snapshot) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        ids = _ids_here(cursor, kept.permissions)
        if connection.vendor == "postgresql":
            cursor.execute(_script(kept, ids))
            return
        for table in kept.tables:
            cursor.executemany(table.insert, _translated(table, ids))
        if kept.sequences:
            cursor.execute("".join(kept.sequences))


def _script(kept: Snapshot, ids: dict[int, int]) -> str:
    """One round trip instead of one for each row."""
    if kept.script is None or kept.script[0] != ids:
        from django.db.backends.postgresql.psycopg_any import mogrify

        inserts = []
        for table in kept.tables:
            start, _, marks = table.insert.partition(" VALUES ")
            rows = _translated(table, ids)
            sql = f"{start} VALUES {', '.join([marks] * len(rows))}"
            inserts.append(mogrify(sql, [value for row in rows for value in row], connection))
        kept.script = ids, ";\n".join([*inserts, *kept.sequences])
    return kept.script[1]


def _take() -> Snapshot:
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
                tables.append(Table(insert, columns, [tuple(map(_plain, row)) for row in rows]))
        cursor.execute(PERMISSIONS)
        permissions = {pk: (app, code) for pk, app, code in cursor.fetchall()}
        sequences = _sequences(cursor)
    return Snapshot(tables, sequences, permissions)


def _sequences(cursor: Any) -> list[str]:
    """What puts every sequence back to where it stands after these rows."""
    resets = connection.ops.sequence_reset_sql(no_style(), list(apps.get_models()))
    if connection.vendor != "postgresql":
        return resets
    cursor.execute(";".join(resets))
    cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
    steps = [f"setval('{name}', {last or 1}, {last is not None})" for name, last in cursor]
    return [f"SELECT {', '.join(steps)}"]


def _ids_here(cursor: Any, then: dict[int, Name]) -> dict[int, int]:
    """Old id -> present id of each permission: a flushed database makes them anew."""
    cursor.execute(PERMISSIONS)
    here = {(app, code): pk for pk, app, code in cursor.fetchall()}
    return {pk: here[name] for pk, name in then.items() if name in here}


def _translated(table: Table, ids: dict[int, int]) -> list[tuple[Any, ...]]:
    if "permission_id" not in table.columns or all(old == new for old, new in ids.items()):
        return table.rows
    place = table.columns.index("permission_id")
    return [(*row[:place], ids[row[place]], *row[place + 1 :]) for row in table.rows]


def _plain(value: Any) -> Any:
    """SQLite's driver takes no times; as text they are what Django stores."""
    if connection.vendor != "sqlite":
        return value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date | time) else value
