"""Did anything change that seldom does? One number says so, and the database itself keeps it.

A trigger on each watched table sets the number anew with every change: by a form, in bulk, by SQL,
by another process. So a process may keep what it read for as long as the number stays, at the cost
of one small statement. Numbers are random, never counted: one that was rolled back never returns.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

from django.db import connection, connections
from django.db.models import Model

TABLE = "belay_stamp"  # as it stands in the statements below
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
READ = "SELECT SUM(number) FROM belay_stamp"
MOST = 20_000  # values kept

# On PostgreSQL each session writes a row of its own, so that writers do not wait for each other.
FUNCTION = """
CREATE OR REPLACE FUNCTION belay_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO belay_stamp (slot, number)
    VALUES (pg_backend_pid() % 64, (random() * 9007199254740992)::bigint)
    ON CONFLICT (slot) DO UPDATE SET number = EXCLUDED.number;
    RETURN NULL;
END $$
"""
ON_POSTGRESQL = """
CREATE TRIGGER {name} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION belay_stamp()
"""
# No INSERT OR REPLACE in here: a statement that ignores conflicts would ignore ours too.
ON_SQLITE = """
CREATE TRIGGER {name} AFTER {verb} ON {table}
BEGIN UPDATE belay_stamp SET number = random(); END
"""
FIRST = {
    "sqlite": "INSERT OR REPLACE INTO belay_stamp (slot, number) VALUES (0, random())",
    "postgresql": """
        INSERT INTO belay_stamp (slot, number) VALUES (0, (random() * 9007199254740992)::bigint)
        ON CONFLICT (slot) DO UPDATE SET number = EXCLUDED.number
    """,
}


def stamp() -> int | None:
    """The present number; None where nothing watches."""
    with connection.cursor() as cursor:
        cursor.execute(READ)
        return cursor.fetchone()[0]


class Kept:
    """What was read while the number was `stamp`."""

    def __init__(self, stamp: int | None) -> None:
        self.stamp = stamp
        self._values: dict[Hashable, Any] = {}

    def one(
        self, key: Hashable, read: Callable[[], T], fits: Callable[[T], bool] | None = None
    ) -> T:
        """The value of this key, read where it is not kept or does not fit any more."""
        if key in self._values:
            value = self._values[key]
            if fits is None or fits(value):
                return value
        value = read()
        self._keep({key: value})
        return value

    def many(
        self,
        kind: str,
        keys: Iterable[K],
        read: Callable[[list[K]], dict[K, T]],
        fits: Callable[[T], bool] | None = None,
    ) -> dict[K, T | None]:
        """By key; None for those that `read` did not find. It is given all that are missing."""
        found: dict[K, T | None] = {}
        missing: list[K] = []
        for key in keys:
            value = self._values.get((kind, key), missing)
            if value is missing or (fits is not None and value is not None and not fits(value)):
                missing.append(key)
            else:
                found[key] = value
        if missing:
            values = read(missing)
            found |= {key: values.get(key) for key in missing}
            self._keep({(kind, key): values.get(key) for key in missing})
        return found

    def _keep(self, values: dict[Hashable, Any]) -> None:
        """Unless the number moved on: then these may hold what this transaction changed and may
        still take back."""
        if self.stamp is None or stamp() != self.stamp:
            return
        if len(self._values) + len(values) > MOST:
            self._values.clear()
        self._values.update(values)


class _Process:
    kept = Kept(None)


def kept() -> Kept:
    """What this process keeps at present. One small statement; ask once for each change."""
    present = stamp()
    if present is None or present != _Process.kept.stamp:
        _Process.kept = Kept(present)
    return _Process.kept


def watch(models: Iterable[type[Model]], using: str = "default") -> None:
    """Put the triggers that are missing, and set the number. Tables not there yet are left."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        if TABLE not in tables:
            return
        is_sqlite = connection.vendor == "sqlite"
        names = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        cursor.execute(names if is_sqlite else "SELECT tgname FROM pg_trigger")
        present = {name for (name,) in cursor.fetchall()}
        if not is_sqlite:
            cursor.execute(FUNCTION)
        for table in (model._meta.db_table for model in models):
            if table in tables:
                for name, text in _triggers(table, is_sqlite).items():
                    if name not in present:
                        cursor.execute(text)
        cursor.execute(FIRST[connection.vendor])


def _triggers(table: str, is_sqlite: bool) -> dict[str, str]:
    """Name -> the statement that makes it."""
    if not is_sqlite:
        name = f"stamp_{table}"
        return {name: ON_POSTGRESQL.format(name=name, table=table)}
    return {
        f"stamp_{table}_{verb.lower()}": ON_SQLITE.format(
            name=f"stamp_{table}_{verb.lower()}", verb=verb, table=table
        )
        for verb in ("INSERT", "UPDATE", "DELETE")
    }


def unwatch(using: str = "default") -> None:
    """Take the triggers away, before their table goes."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'stamp\\_%'"
                " ESCAPE '\\'"
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        else:
            cursor.execute("DROP FUNCTION IF EXISTS belay_stamp() CASCADE")
