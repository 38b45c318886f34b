"""The past of the rows inside a governed thing, for its own history page: who, when, why, what.

Each inline row has a history of its own; here it is read by its owner, newest first, with the
difference of each field. What the reader may not see is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.forms.models import _get_foreign_key
from django.utils.text import Truncator, capfirst

from config.lib.sensitive import hidden_fields

MOST = 100  # rows of history shown
LONGEST = 200
WORDS = {"+": "Added", "~": "Changed", "-": "Removed"}


@dataclass(frozen=True, slots=True)
class FieldChange:
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class RowChange:
    at: datetime
    by: str
    reason: str
    noun: str
    row: str
    word: str
    fields: list[FieldChange] = field(default_factory=list)


def row_changes(owner: type[Model], rows: Iterable[type[Model]], key: Any, user: Any) -> list:
    """Of one owner, newest first. Costs a query for each kind of row, and one for each of their
    relations that is shown."""
    found: list[RowChange] = []
    for model in rows:
        if hasattr(model, "history"):
            link = _get_foreign_key(owner, model)
            found += _of_model(model, link.name, key, hidden_fields(model, user))
    return sorted(found, key=lambda change: change.at, reverse=True)[:MOST]


def _of_model(model: Any, link: str, key: Any, hidden: frozenset[str]) -> Iterator[RowChange]:
    past = model.history.filter(**{f"{link}_id": key}).select_related("history_user")
    records = list(past.order_by("-history_date", "-history_id")[: MOST * 2])
    pk = model._meta.pk.attname
    kept = {each.attname for each in records[0].tracked_fields} if records else set()
    fields = [
        each
        for each in model._meta.concrete_fields
        if each.name not in hidden and each.name not in (link, model._meta.pk.name)
        if each.attname in kept
    ]
    names = _related_names(fields, records)
    for place, record in enumerate(records):
        row = getattr(record, pk)
        before = next((one for one in records[place + 1 :] if getattr(one, pk) == row), None)
        if record.history_type == "~" and before is None:
            continue  # older than what is shown
        yield RowChange(
            at=record.history_date,
            by=str(record.history_user) if record.history_user else "Belay",
            reason=record.history_change_reason or "",
            noun=capfirst(str(model._meta.verbose_name)),
            row=str(row),
            word=WORDS[record.history_type],
            fields=[*_changes(fields, before, record, names)],
        )


def _changes(fields: Any, before: Any, record: Any, names: dict[Any, str]) -> Iterator[FieldChange]:
    """Of an added row what it holds, of a removed one what it held."""
    old = record if record.history_type == "-" else before
    new = None if record.history_type == "-" else record
    if record.history_type == "+":
        old = None
    for each in fields:
        was, now = _said(each, old, names), _said(each, new, names)
        if was != now:
            yield FieldChange(capfirst(str(each.verbose_name)), was, now)


def _said(each: Any, record: Any, names: dict[Any, str]) -> str:
    if record is None:
        return ""
    value = getattr(record, each.attname)
    if value is None or value in ("", [], {}):
        return ""
    if each.is_relation:
        return names.get((each.related_model, value), f"{value}")
    if each.choices:
        value = dict(each.flatchoices).get(value, value)
    if isinstance(value, bool):
        value = "Yes" if value else "No"
    if isinstance(value, datetime):
        value = f"{value:%Y-%m-%d %H:%M} UTC"
    return Truncator(str(value)).chars(LONGEST)


def _related_names(fields: Any, records: list[Any]) -> dict[Any, str]:
    names: dict[Any, str] = {}
    for each in fields:
        if each.is_relation:
            keys = {getattr(record, each.attname) for record in records} - {None}
            if keys:
                found = each.related_model._base_manager.in_bulk(keys)
                names |= {(each.related_model, pk): str(one) for pk, one in found.items()}
    return names
