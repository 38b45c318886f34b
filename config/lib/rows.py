"""Rows of models made and read by the thousand, without what Django does around each of them.

What comes out are ordinary objects of the model: `new` gives what its constructor would, `read`
what `only(...)` would. Neither sends signals nor calls a model's own `__init__` or `from_db`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

from django.db import connection
from django.db.models import BooleanField, DateTimeField, ForeignKey, JSONField, Model
from django.db.models.base import ModelState
from django.db.models.expressions import Col

M = TypeVar("M", bound=Model)
Convert = Callable[[Any], Any]


def new(model: type[M], **values: Any) -> M:
    """An unsaved object; a relation is named with its object, or by its column with a key."""
    shape = _shape(model)
    row = object.__new__(model)
    fields = row.__dict__
    state = fields["_state"] = ModelState()
    fields.update(shape.plain)
    for name, make in shape.made:
        if name not in values:
            fields[name] = make()
    relations = shape.relations
    for name, value in values.items():
        if name in relations:
            column, key = relations[name]
            state.fields_cache[name] = value
            fields[column] = None if value is None else getattr(value, key)
        elif name in shape.names:
            fields[name] = value
        else:
            raise TypeError(f"{model.__name__} has no field {name!r}.")
    return row


def stored(model: type[M], key: int) -> M:
    """The row of this key, of which nothing was read: any field is when it is asked for."""
    row = object.__new__(model)
    state = ModelState()
    state.adding, state.db = False, connection.alias
    pk: Any = model._meta.pk
    row.__dict__.update({pk.attname: key, "_state": state})
    return row


def read(
    model: type[M],
    names: Sequence[str],
    keys: Iterable[int],
    *,
    parts: tuple[str, Sequence[str]] | None = None,
) -> list[M]:
    """The rows of these primary keys in any order, with these fields; any other field is read when
    it is asked for. One statement.

    `parts` names a field of JSON and those of its words that are wanted: a mapping of these that
    nobody can change or store.
    """
    key: Any = model._meta.pk
    fields: list[Any] = [key, *(model._meta.get_field(name) for name in names)]
    columns = [field.attname for field in fields]
    whole, words = parts or ("", ())
    asked = [*(field.name for field in fields), *(f"{whole}__{word}" for word in words)]
    alias, size = connection.alias, len(columns)
    rows = []
    for values in tuples(model, asked, keys, among=key.name):
        row = object.__new__(model)
        state = ModelState()
        state.adding, state.db = False, alias
        row.__dict__.update(zip(columns, values, strict=False), _state=state)
        if whole:
            said = zip(words, values[size:], strict=True)
            row.__dict__[whole] = MappingProxyType({k: v for k, v in said if v is not None})
        rows.append(row)
    return rows


def tuples(
    model: type[Model], names: Sequence[str], keys: Iterable[int], *, among: str
) -> list[tuple[Any, ...]]:
    """These fields of the rows whose field `among` is one of `keys`, in any order. A relation is
    its key, `field__word` a text within a field of JSON. One statement."""
    vendor = connection.vendor
    wanted = list(keys)
    with connection.cursor() as cursor:
        cursor.execute(
            _words(model, tuple(names), among, vendor),
            [json.dumps(wanted) if vendor == "sqlite" else wanted],
        )
        found = cursor.fetchall()
    columns = [
        map(convert, column) if convert else column
        for convert, column in zip(
            _conversions(model, tuple(names), vendor), zip(*found, strict=True), strict=False
        )
    ]
    return list(zip(*columns, strict=True))


class _Shape:
    """What `new` needs to know of a model."""

    def __init__(self, model: type[Model]) -> None:
        self.plain: dict[str, Any] = {}
        self.made: list[tuple[str, Callable[[], Any]]] = []
        self.relations: dict[str, tuple[str, str]] = {}
        fields: Any = model._meta.concrete_fields
        for field in fields:
            assert not field.generated, f"{field} is the database's to make"
            if field.is_relation:
                self.relations[field.name] = (field.attname, field.target_field.attname)
            if field.has_default() and callable(field.default):
                self.made.append((field.attname, field.get_default))
            else:
                self.plain[field.attname] = field.get_default()
        self.names = frozenset(field.attname for field in fields)


@cache
def _shape(model: type[Model]) -> _Shape:
    return _Shape(model)


@cache
def _conversions(
    model: type[Model], names: tuple[str, ...], vendor: str
) -> tuple[Convert | None, ...]:
    return tuple(
        None if "__" in name else _convert(model._meta.get_field(name), vendor) for name in names
    )


def _convert(field: Any, vendor: str) -> Convert | None:
    target = field.target_field if isinstance(field, ForeignKey) else field
    if isinstance(target, JSONField):
        assert target.decoder is None, f"{field} has a reader of its own"
        return _unless_none(json.loads)
    if vendor == "sqlite" and isinstance(target, DateTimeField):
        return _unless_none(datetime.fromisoformat)
    if vendor == "sqlite" and isinstance(target, BooleanField):
        return _unless_none(bool)
    # Whatever else needs a conversion is not for here.
    assert not target.get_db_converters(connection), f"{field} is converted by Django"
    assert not connection.ops.get_db_converters(Col("", target)), f"{field} is converted"
    return None


def _unless_none(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


@cache
def _words(model: type[Model], names: tuple[str, ...], among: str, vendor: str) -> str:
    quote = connection.ops.quote_name
    meta: Any = model._meta
    listed = ", ".join(_asked(meta, name, vendor) for name in names)
    place = quote(meta.get_field(among).column)
    wanted = "IN (SELECT value FROM json_each(%s))" if vendor == "sqlite" else "= ANY(%s)"
    return (
        f"SELECT {listed} FROM {quote(meta.db_table)} "  # noqa: S608 (no user's text)
        f"WHERE {place} {wanted}"
    )


def _asked(meta: Any, name: str, vendor: str) -> str:
    name, _, word = name.partition("__")
    field = meta.get_field(name)
    column = connection.ops.quote_name(field.column)
    assert not word or word.isidentifier(), "only words of our own"
    if vendor != "sqlite":
        return f"{column} ->> '{word}'" if word else column
    if word:
        return f"json_extract({column}, '$.{word}')"
    # A bare column would go through a conversion of the driver, value by value.
    if isinstance(field, DateTimeField):
        return f"{column} || '+00:00'"
    return f"+{column}" if isinstance(field, BooleanField) else column
