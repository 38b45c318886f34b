"""Many rows changed by one statement. The ORM's `bulk_update` writes a CASE of every row and value
and costs ten times as much."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Field, JSONField, Model


def update_rows(rows: Sequence[Model], names: Sequence[str]) -> None:
    """Write these fields of saved rows of one model, by primary key. No history, no signals."""
    if not rows:
        return
    meta = rows[0]._meta
    assert meta.pk is not None
    fields = [meta.get_field(name) for name in names]
    columns = [field for field in fields if isinstance(field, Field)]
    if connection.vendor == "postgresql":
        _update_from_arrays(rows, meta.db_table, meta.pk, columns)
        return
    quote = connection.ops.quote_name
    sets = ", ".join(f"{quote(str(each.column))} = %s" for each in columns)
    table, key = quote(meta.db_table), quote(str(meta.pk.column))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET {sets} WHERE {key} = %s",  # noqa: S608 (no user's text)
            list(zip(*(_values(each, rows) for each in (*columns, meta.pk)), strict=True)),
        )


def _values(field: Field[Any, Any], rows: Sequence[Model]) -> list[Any]:
    name, prepared = field.attname, field.get_db_prep_save
    return [prepared(getattr(row, name), connection) for row in rows]


def _update_from_arrays(
    rows: Sequence[Model], table: str, key: Field[Any, Any], columns: Sequence[Field[Any, Any]]
) -> None:
    quote = connection.ops.quote_name
    arrays: list[Any] = []
    casts = []
    for each in (key, *columns):
        if isinstance(each, JSONField):
            values = [getattr(row, each.attname) for row in rows]
            arrays.append([None if v is None else json.dumps(v, cls=each.encoder) for v in values])
        else:
            arrays.append([getattr(row, each.attname) for row in rows])
        casts.append(f"%s::{each.rel_db_type(connection) if each is key else _type(each)}[]")
    names = [quote(str(each.column)) for each in (key, *columns)]
    sets = ", ".join(f"{name} = v.{name}" for name in names[1:])
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(table)} AS t SET {sets} "  # noqa: S608 (no user's text)
            f"FROM unnest({', '.join(casts)}) AS v({', '.join(names)}) "
            f"WHERE t.{names[0]} = v.{names[0]}",
            arrays,
        )


def _type(field: Field[Any, Any]) -> str:
    return str(field.cast_db_type(connection))
