"""Statements written out, for the few places that run with every signal.

There Django spends more time on wording a statement than the database on running it. `insert` does
what `bulk_create` does for plain models, with each statement worded once a process; `ask` runs a
SELECT. Elsewhere use the ORM.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from operator import attrgetter
from typing import Any

from django.db import connection, models
from django.db.models import Model

from config.lib.bulk import insert_rows, naive
from config.lib.databases import is_prepared, numbered_cursor

FEW = 100  # more than these are quicker as `config.lib.bulk` does it
TOGETHER = 500  # rows in one statement
MOST_VALUES = 30_000  # SQLite takes 32,766 in one

Convert = Callable[[Any], Any]


def insert(rows: Iterable[Model], *, with_keys: bool = True, is_repeat_fine: bool = False) -> None:
    """Insert unsaved rows of one plain model, and set their keys unless `with_keys` is False.
    Rows that have keys already, from `reserve`, keep them.

    `is_repeat_fine`: rows that a constraint refuses as stored already are left out; no keys then.
    As with `bulk_create` no signals are sent and no history is written.
    """
    rows = list(rows)
    if not rows:
        return
    if len(rows) > FEW and (is_repeat_fine or not with_keys):
        for row in rows:
            _take_keys(row)
        insert_rows(rows, ignore_conflicts=is_repeat_fine)
        return
    has_keys = rows[0].pk is not None
    columns = _columns(type(rows[0]), has_keys, connection.vendor)
    step = max(1, min(TOGETHER, MOST_VALUES // len(columns)))
    for start in range(0, len(rows), step):
        _insert(
            rows[start : start + step],
            columns,
            with_keys and not is_repeat_fine and not has_keys,
            is_repeat_fine,
        )


def reserve(model: type[Model], count: int) -> list[int]:
    """Keys for rows that are inserted next, in this transaction."""
    meta: Any = model._meta
    if connection.vendor == "sqlite":  # it has one writer, and that is us
        assert connection.in_atomic_block, "another could take the same"
        found = ask("SELECT seq FROM sqlite_sequence WHERE name = %s", [meta.db_table])
        last = found[0][0] if found else 0
        return list(range(last + 1, last + 1 + count))
    return [key for (key,) in ask(_next_keys(model), [count])]


@cache
def _next_keys(model: type[Model]) -> str:
    meta: Any = model._meta
    sequence = f"pg_get_serial_sequence('{meta.db_table}', '{meta.pk.column}')"
    return f"SELECT nextval({sequence}) FROM generate_series(1, %s)"  # noqa: S608


def _insert(
    rows: Sequence[Model],
    columns: tuple[tuple[type | None, Convert], ...],
    with_keys: bool,
    is_repeat_fine: bool,
) -> None:
    model = type(rows[0])
    values: list[Any] = []
    has_keys = rows[0].pk is not None
    told = _told(model, has_keys)
    for row in rows:
        _take_keys(row)
        values += [
            value if value is None or type(value) is plain else convert(value)
            for value, (plain, convert) in zip(told(row), columns, strict=True)
        ]
    is_numbered = is_prepared()
    text = _words(model, has_keys, is_numbered, len(rows), with_keys, is_repeat_fine)
    with numbered_cursor() if is_numbered else connection.cursor() as cursor:
        cursor.execute(text, values)
        keys = cursor.fetchall() if with_keys else ()
    for row, (key,) in zip(rows, keys, strict=False):
        row.pk = key
    alias = connection.alias
    for row in rows:
        state = row._state
        state.adding, state.db = False, alias


def _take_keys(row: Any) -> None:
    """Those of what it points to and was stored meanwhile, as bulk_create does."""
    model: type[Model] = type(row)
    values = row.__dict__
    known = row._state.fields_cache
    for name, column, key in _relations(model):
        other = known.get(name)
        if other is None:
            continue
        found = getattr(other, key)
        if found is None:  # it refuses in its own words
            row._prepare_related_fields_for_save(operation_name="insert")
        values[column] = found


@cache
def _relations(model: type[Model]) -> tuple[tuple[str, str, str], ...]:
    """Name, column, and the attribute of the other that the column repeats."""
    found = [field for field in _fields(model, False) if field.is_relation]
    return tuple((field.name, field.attname, field.target_field.attname) for field in found)


@cache
def _words(
    model: type[Model],
    has_keys: bool,
    is_numbered: bool,
    count: int,
    with_keys: bool,
    is_repeat_fine: bool,
) -> str:
    quote = connection.ops.quote_name
    meta: Any = model._meta
    names = [str(field.column) for field in _fields(model, has_keys)]
    said = [f"${n + 1}" if is_numbered else "%s" for n in range(count * len(names))]
    rows = [f"({', '.join(said[n : n + len(names)])})" for n in range(0, len(said), len(names))]
    into = f"{quote(meta.db_table)} ({', '.join(map(quote, names))})"
    text = f"INSERT INTO {into} VALUES {', '.join(rows)}"  # noqa: S608 (no user's text)
    if is_repeat_fine:
        text += " ON CONFLICT DO NOTHING"
    return f"{text} RETURNING {quote(str(meta.pk.column))}" if with_keys else text


def _fields(model: type[Model], has_keys: bool) -> list[Any]:
    left_out = None if has_keys else model._meta.auto_field
    return [field for field in model._meta.concrete_fields if field is not left_out]


@cache
def _columns(
    model: type[Model], has_keys: bool, vendor: str
) -> tuple[tuple[type | None, Convert], ...]:
    """Of each attribute the type whose values need no conversion, as members of enums do, and what
    turns any other into a value for the driver."""
    return tuple(_convert(field) for field in _fields(model, has_keys))


@cache
def _told(model: type[Model], has_keys: bool) -> Callable[[Model], tuple[Any, ...]]:
    return attrgetter(*(field.attname for field in _fields(model, has_keys)))


def _convert(field: Any) -> tuple[type | None, Convert]:
    is_plain = type(field).pre_save in (models.Field.pre_save, models.DateTimeField.pre_save)
    assert is_plain and not getattr(field, "auto_now", False), f"{field} sets its own value"
    assert not getattr(field, "auto_now_add", False), f"{field} sets its own value"
    target = field.target_field if field.is_relation else field

    def slow(value: Any) -> Any:
        return field.get_db_prep_save(value, connection)

    if isinstance(target, models.DateTimeField):
        return None, (_moment if connection.vendor == "sqlite" else _as_it_is)
    for kind, plain in (
        (models.BooleanField, bool),
        (models.IntegerField, int),
        ((models.CharField, models.TextField), str),
    ):
        if isinstance(target, kind):
            return plain, partial(_bare, plain, slow)
    if type(target) is models.JSONField and target.encoder is None:
        return None, json.dumps
    return None, slow


def _bare(plain: type, slow: Convert, value: Any) -> Any:
    """A member of an enum as what it stands for."""
    found = getattr(value, "value", value)
    if type(found) is not plain:
        found = slow(value)
    return getattr(found, "value", found)


def _as_it_is(value: Any) -> Any:
    return value


def _moment(value: datetime | None) -> str | None:
    return None if value is None else naive(value)


def ask(text: str, values: Iterable[Any]) -> list[tuple[Any, ...]]:
    """The rows of a SELECT, or what a change returns. Times are to be read by `moment`."""
    if connection.vendor == "sqlite":
        values = [_moment(each) if isinstance(each, datetime) else each for each in values]
    with connection.cursor() as cursor:
        cursor.execute(text, list(values))
        return cursor.fetchall()


def moment(value: Any) -> datetime | None:
    """A time as `ask` returned it: SQLite's come as text or without a zone."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def bare(column: str) -> str:
    """A column of times in a list of what is asked: SQLite's driver would convert each by itself,
    which takes longer than reading it."""
    return f"{column} || '+00:00'" if connection.vendor == "sqlite" else column


def marks(values: Collection[Any]) -> str:
    """Places for these values in a list, in parentheses."""
    return f"({', '.join(['%s'] * len(values))})"


def among(column: str, kind: str = "bigint") -> str:
    """Is this column one of some values? One place, for `keys`, however many they are."""
    if connection.vendor == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608 (no user's text)
    return f"{column} = ANY(%s::{kind}[])"


def keys(values: Iterable[int | str]) -> Any:
    """What stands in the place of `among`."""
    return json.dumps([*values]) if connection.vendor == "sqlite" else [*values]


def words(values: Iterable[str]) -> str:
    """Constants of ours written out as a list, so that partial indexes on them can be used."""
    listed = sorted(str(value) for value in values)
    assert all(value.isidentifier() for value in listed), "only words of our own"
    return "(" + ", ".join(f"'{value}'" for value in listed) + ")"
