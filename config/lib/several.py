"""Several reads in one statement: counts that stop early, and the first rows of several lists.

Django words no statement of parts that each have an order and a limit on SQLite; here each part is
worded by Django and the frame around them is ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connections
from django.db.models import F, QuerySet
from django.db.models.expressions import RawSQL

from config.lib.phrases import Phrase

ENDLESS = 1_000_000_000  # a limit all the same: nothing is looked for before it


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows several lists have, stopping early. `names`: of each count, whose it is."""

    names: tuple[str, ...]
    phrase: Phrase

    @classmethod
    def up_to(
        cls,
        most: int,
        lists: Mapping[str, Sequence[QuerySet[Any]]],
        spans: Sequence[timedelta] = (),
    ) -> Counts:
        """Of each list no more than `most` are counted. Lists of one name must not share rows.
        What they say of time they say from `phrases.MARK`, and `spans` from there."""
        parts = [(name, rows) for name, several in lists.items() for rows in several]
        texts: list[str] = []
        values: list[Any] = []
        for _, rows in parts:
            text, given = _worded(rows.order_by().values("pk")[:most])
            texts.append(f"(SELECT COUNT(*) FROM ({text}) AS part)")  # noqa: S608
            values += given
        text = "SELECT " + ", ".join(texts)
        phrase = Phrase.of_text(parts[0][1].db, text, values, spans)
        return cls(tuple(name for name, _ in parts), phrase)

    def at(self, moment: datetime) -> dict[str, int]:
        """Name -> how many. One statement."""
        found: dict[str, int] = dict.fromkeys(self.names, 0)
        [counts] = self.phrase.rows(moment)
        for name, count in zip(self.names, counts, strict=True):
            found[name] += count
        return found


def keys_of(lists: Sequence[QuerySet[Any]], sieve: Sieve | None = None) -> RawSQL:
    """The keys of all these sliced lists, for `pk__in`. With a sieve the lists are not sliced."""
    texts: list[str] = []
    values: list[Any] = []
    for rows in lists:
        text, given = _worded(rows.values("pk")) if sieve is None else sieve.worded(rows)
        texts.append(f"SELECT * FROM ({text}) AS part")  # noqa: S608
        values += given
    text = " UNION ALL ".join(texts)
    if sieve is not None:
        named, keys = _worded(sieve.keys.order_by().values("pk"))
        text, values = f"WITH named (key) AS ({named}) {text}", [*keys, *values]
    return RawSQL(text, tuple(values))  # noqa: S611 - every text is Django's


@dataclass(frozen=True, slots=True)
class Sieve:
    """The first `size` rows of an ordered list that fit, found by going along it and stopping
    early. A database that weighs by itself would gather and sort all that fit. `column` contains
    `text`, or `other` is one of `keys`, which are `named` once for all lists."""

    column: str
    text: str
    other: str
    keys: QuerySet[Any]
    size: int

    def worded(self, rows: QuerySet[Any]) -> tuple[str, Sequence[Any]]:
        parts = {"line_text": F(self.column), "line_other": F(self.other)}
        inner, given = _worded(rows.values(line_key=F("pk"), **parts)[:ENDLESS])
        like = f"%{connections[rows.db].ops.prep_for_like_query(self.text)}%"
        fits = "UPPER(line_text) LIKE UPPER(%s) ESCAPE '\\'"
        fits += " OR line_other IN (SELECT key FROM named)"
        text = f"SELECT line_key FROM ({inner}) AS line WHERE {fits} LIMIT {self.size:d}"  # noqa: S608
        return text, [*given, like]


def _worded(rows: QuerySet[Any]) -> tuple[str, Sequence[Any]]:
    return rows.query.get_compiler(rows.db).as_sql()
