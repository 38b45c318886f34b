"""Reads that Django words once a process. Of a page of the queue it spent longer on wording its
statements than on anything else, and a reader asks for the same again and again, but for the time.

A statement is worded as of `MARK`; what it says of time is said from there, and set when it runs.
So are keys that another statement found.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db import connections
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from config.lib.statements import keys as as_one

MARK = datetime(1987, 6, 5, 4, 3, 2, 1, tzinfo=UTC)
KEYS = "the keys that are given"  # stands in a statement until it runs
MOST = 300  # phrases kept
T = TypeVar("T")
_known: dict[Hashable, Any] = {}


def once(key: Hashable, make: Callable[[], T]) -> T:
    """What `make` gave for this key; the key holds all that it depends on."""
    found = _known.get(key)
    if found is None:
        if len(_known) >= MOST:
            _known.clear()
        found = _known[key] = make()
    return found


@dataclass(frozen=True, slots=True)
class Phrase:
    """`moments`: places of instants in `values`, and how far from the mark each stands."""

    using: str
    text: str
    values: tuple[Any, ...]
    moments: tuple[tuple[int, timedelta], ...]
    convert: Callable[[Iterable[Any]], Iterable[Any]]

    @classmethod
    def of_text(
        cls,
        using: str,
        text: str,
        values: Sequence[Any],
        spans: Sequence[timedelta],
        convert: Callable[[Iterable[Any]], Iterable[Any]] = iter,
    ) -> Phrase:
        """`spans`: how far from the mark the instants may stand that it was worded with."""
        say = connections[using].ops.adapt_datetimefield_value
        marks = {say(MARK + span): span for span in (timedelta(), *spans)}
        moments = [(n, marks[each]) for n, each in enumerate(values) if each in marks]
        return cls(using, text, tuple(values), tuple(moments), convert)

    @classmethod
    def of(cls, rows: QuerySet[Any, Any], spans: Sequence[timedelta] = ()) -> Phrase:
        """Of a list of values (`values_list`)."""
        compiler = rows.query.get_compiler(rows.db)
        text, values = compiler.as_sql()
        converters = compiler.get_converters([each[0] for each in compiler.select or ()])

        def convert(found: Iterable[Any]) -> Iterable[Any]:
            return compiler.apply_converters(found, converters)

        return cls.of_text(rows.db, text, values, spans, convert if converters else iter)

    def rows(self, at: datetime, keys: Sequence[int] = ()) -> list[Any]:
        """As of this instant; `keys` for a statement of `keys_given`. One query."""
        connection = connections[self.using]
        values: list[Any] = list(self.values)
        if KEYS in values:
            said = as_one(keys)
            values = [said if value == KEYS else value for value in values]
        for place, span in self.moments:
            values[place] = connection.ops.adapt_datetimefield_value(at + span)
        with connection.cursor() as cursor:
            cursor.execute(self.text, values)
            return list(self.convert(cursor.fetchall()))


def keys_given(using: str) -> RawSQL:
    """For `pk__in`, in a statement that is worded before its keys are known."""
    if connections[using].vendor == "postgresql":
        return RawSQL("SELECT UNNEST(%s::bigint[])", (KEYS,))
    return RawSQL("SELECT value FROM json_each(%s)", (KEYS,))
