"""Did anything change that seldom does? One number says so, and the database itself keeps it.

A trigger on each watched table sets the number anew with every change: by a form, in bulk, by SQL,
by another process. So a process may keep what it read for as long as the number stays, at the cost
of one small statement. Numbers are random, never counted: one that was rolled back never returns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar
from zlib import crc32

from django.db import connection, connections
from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase

TABLE = "belay_stamp"  # as it stands in the statements below
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
READ = "SELECT SUM(number) FROM belay_stamp"
MOST = 20_000  # values kept

# On PostgreSQL each session writes a row of its own, so that writers do not wait for each other.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION belay_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_LEVEL = 'ROW' THEN
        IF to_jsonb(OLD) - TG_ARGV = to_jsonb(NEW) - TG_ARGV THEN RETURN NULL; END IF;
    END IF;
    INSERT INTO belay_stamp (slot, number)
    VALUES (pg_backend_pid() % 64, (random() * 9007199254740992)::bigint)
    ON CONFLICT (slot) DO UPDATE SET number = EXCLUDED.number;
    RETURN NULL;
END $$
"""
ON_POSTGRESQL = "AFTER {verbs} ON {table} FOR EACH {level} EXECUTE FUNCTION belay_stamp({counts})"
# No INSERT OR REPLACE in here: a statement that ignores conflicts would ignore ours too.
ON_SQLITE = "AFTER {verb} ON {table} BEGIN UPDATE belay_stamp SET number = random(); END"
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


_held: ContextVar[list[Kept] | None] = ContextVar("held", default=None)


@contextmanager
def asked_once() -> Iterator[None]:
    """Inside, `kept` asks for the number once: what a request reads before its transaction stands
    as of the request's beginning. Whoever is inside a transaction asks with `is_fresh`."""
    token = _held.set([])
    try:
        yield
    finally:
        _held.reset(token)


class ReadsAskOnce:
    """A request that only reads asks for the number once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        with asked_once():
            return self.get_response(request)


def kept(*, is_fresh: bool = False) -> Kept:
    """What this process keeps at present. One small statement; ask once for each change."""
    held = _held.get()
    if held and not is_fresh:
        return held[0]
    present = stamp()
    if present is None or present != _Process.kept.stamp:
        _Process.kept = Kept(present)
    found = _Process.kept
    if held is not None:
        held[:] = [found]
    return found


def watch(models: Mapping[type[Model], Collection[str]], using: str = "default") -> None:
    """Put the triggers that are missing, and set the number. Tables not there yet are left. Each
    model comes with the fields whose changes do not matter, such as counts."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        if TABLE not in tables:
            return
        present = set(_present(cursor))
        if connection.vendor == "postgresql":
            cursor.execute(FUNCTIONS)
        for model, counts in models.items():
            if model._meta.db_table in tables:
                for name, text in _triggers(model, counts, connection.vendor).items():
                    if name not in present:
                        cursor.execute(f"CREATE TRIGGER {name} {text}")
        cursor.execute(FIRST[connection.vendor])


def _triggers(model: type[Model], counts: Collection[str], vendor: str) -> dict[str, str]:
    """Name -> what it does. A name tells what it does: another definition is another trigger."""
    table = model._meta.db_table
    if vendor == "sqlite":
        columns = [str(f.column) for f in model._meta.concrete_fields if f.name not in counts]
        update = f"UPDATE OF {', '.join(columns)}" if counts else "UPDATE"
        texts = [ON_SQLITE.format(verb=verb, table=table) for verb in ("INSERT", "DELETE", update)]
    elif counts:
        words = ", ".join(f"'{name}'" for name in counts)
        every, row = "INSERT OR DELETE OR TRUNCATE", "UPDATE"
        texts = [
            ON_POSTGRESQL.format(verbs=every, table=table, level="STATEMENT", counts=""),
            ON_POSTGRESQL.format(verbs=row, table=table, level="ROW", counts=words),
        ]
    else:
        every = "INSERT OR UPDATE OR DELETE OR TRUNCATE"
        texts = [ON_POSTGRESQL.format(verbs=every, table=table, level="STATEMENT", counts="")]
    return {f"stamp_{crc32(text.encode()):08x}": text for text in texts}


def _present(cursor: Any) -> dict[str, str]:
    """Name of each trigger of ours -> its table."""
    if cursor.db.vendor == "sqlite":
        text = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    else:
        text = "SELECT tgname, tgrelid::regclass::text FROM pg_trigger"
    cursor.execute(text)
    return {name: table for name, table in cursor.fetchall() if name.startswith("stamp_")}


def unwatch(using: str = "default") -> None:
    """Take the triggers and the number away, before tables change: meanwhile nothing is kept."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if TABLE not in connection.introspection.table_names(cursor):
            return
        for name, table in _present(cursor).items():
            of = "" if connection.vendor == "sqlite" else f" ON {table}"
            cursor.execute(f"DROP TRIGGER {name}{of}")
        cursor.execute("DELETE FROM belay_stamp")
