"""Many rows written by one statement, at the database's speed.

The ORM's own ways prepare every value through six calls and cost several times as much. For rows
that the machine makes: no signals, no history, no keys handed back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import compress
from operator import attrgetter, ne
from typing import Any, TypeAlias

from django.db import connection
from django.db.models import (
    BooleanField,
    CharField,
    DateTimeField,
    Field,
    FloatField,
    ForeignKey,
    IntegerField,
    JSONField,
    Model,
    TextField,
)

AnyField: TypeAlias = "Field[Any, Any]"
MOST_GROUPS = 6  # statements by which one set of rows is updated


def insert_rows(rows: Sequence[Model], *, ignore_conflicts: bool = False) -> None:
    """Insert new rows of one model. What is stored already is left alone if conflicts are to be
    ignored; a row that breaks a constraint raises as ever."""
    if not rows:
        return
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    names = ", ".join(_quote(field) for field in fields)
    table = connection.ops.quote_name(meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            end = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
            columns = [_values(field, rows) for field in fields]
            # Said once, where all rows say the same.
            alike = [place > 0 and _is_one(column) for place, column in enumerate(columns)]
            told = ", ".join(
                f"%s::{_type(field)}" if is_alike else f"v.{_quote(field)}"
                for field, is_alike in zip(fields, alike, strict=True)
            )
            apart = [not each for each in alike]
            varying = [*compress(fields, apart)]
            cursor.execute(
                f"INSERT INTO {table} ({names}) SELECT {told} FROM {_record_set(varying)}{end}",  # noqa: S608
                [
                    *map(_once, compress(fields, alike), compress(columns, alike)),
                    _texts(varying, compress(columns, apart)),
                ],
            )
        else:
            begin = "INSERT OR IGNORE" if ignore_conflicts else "INSERT"
            marks = ", ".join("%s" for _ in fields)
            cursor.executemany(
                f"{begin} INTO {table} ({names}) VALUES ({marks})", _as_tuples(fields, rows)
            )


def update_rows(rows: Sequence[Model], names: Sequence[str]) -> None:
    """Write these fields of saved rows of one model, by primary key."""
    if not rows:
        return
    meta = rows[0]._meta
    key = meta.pk
    assert key is not None
    fields = [field for name in names if isinstance(field := meta.get_field(name), Field)]
    table = connection.ops.quote_name(meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sets = ", ".join(f"{_quote(field)} = v.{_quote(field)}" for field in fields)
            cursor.execute(
                f"UPDATE {table} AS t SET {sets} FROM {_record_set([*fields, key])} "  # noqa: S608
                f"WHERE t.{_quote(key)} = v.{_quote(key)}",
                [_as_text([*fields, key], rows)],
            )
        else:
            sets = ", ".join(f"{_quote(field)} = %s" for field in fields)
            cursor.executemany(
                f"UPDATE {table} SET {sets} WHERE {_quote(key)} = %s",  # noqa: S608
                _as_tuples([*fields, key], rows),
            )


def update_changed(
    rows: Sequence[Model], names: Sequence[str], before: Sequence[tuple[Any, ...]]
) -> None:
    """The same, of each row only the fields that differ from `before`: the values of these fields
    as they were read, row by row. What stays leaves its indexes alone."""
    told = attrgetter(*names)
    groups: dict[tuple[bool, ...], list[Model]] = {}
    for row, was in zip(rows, before, strict=True):
        groups.setdefault(tuple(map(ne, told(row), was)), []).append(row)
    if len(groups) > MOST_GROUPS:
        update_rows(rows, names)
        return
    for changed, alike in groups.items():
        if any(changed):
            update_rows(alike, [*compress(names, changed)])


def _record_set(fields: Sequence[AnyField]) -> str:
    """The rows as one JSON text: PostgreSQL reads it many times faster than a list of values."""
    columns = ", ".join(f"{_quote(field)} {_type(field)}" for field in fields)
    return f"json_to_recordset(%s) AS v({columns})"


def _as_text(fields: Sequence[AnyField], rows: Sequence[Model]) -> str:
    return _texts(fields, [_values(field, rows) for field in fields])


def _texts(fields: Sequence[AnyField], columns: Iterable[list[Any]]) -> str:
    names = [str(field.column) for field in fields]
    return json.dumps([dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)])


def _is_one(column: list[Any]) -> bool:
    return column.count(column[0]) == len(column)


def _once(field: AnyField, column: list[Any]) -> Any:
    value = column[0]
    return json.dumps(value) if isinstance(field, JSONField) and value is not None else value


def _as_tuples(fields: Sequence[AnyField], rows: Sequence[Model]) -> list[tuple[Any, ...]]:
    return list(zip(*(_values(field, rows) for field in fields), strict=True))


def _type(field: AnyField) -> str:
    # A cast to varchar(n) would cut a text that is too long, where storing it raises.
    if isinstance(field, (CharField, TextField)):
        return "text"
    return str(
        field.rel_db_type(connection) if field.primary_key else field.cast_db_type(connection)
    )


def _quote(field: AnyField) -> str:
    return connection.ops.quote_name(str(field.column))


def _values(field: AnyField, rows: Sequence[Model]) -> list[Any]:
    name = field.attname
    prepare = _preparation(field)
    if prepare is None:
        return [getattr(row, name) for row in rows]
    return [None if (v := getattr(row, name)) is None else prepare(v) for row in rows]


def _preparation(field: AnyField) -> Callable[[Any], Any] | None:
    is_text = connection.vendor != "postgresql"
    if isinstance(field, DateTimeField):
        assert not (field.auto_now or field.auto_now_add), field
        return naive if is_text else datetime.isoformat
    if isinstance(field, JSONField):
        encoder = field.encoder
        return (lambda value: json.dumps(value, cls=encoder)) if is_text or encoder else None
    if isinstance(field, (CharField, TextField)):
        return str
    if isinstance(field, (IntegerField, FloatField, BooleanField, ForeignKey)):
        return None
    raise TypeError(f"{field} is of a kind that nobody has needed here so far.")


def naive(value: datetime) -> str:
    """As Django stores it in SQLite."""
    if value.tzinfo is UTC:
        return str(value)[:-6]  # without the +00:00
    return str(value.astimezone(UTC).replace(tzinfo=None))
