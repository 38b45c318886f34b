"""What is due next, of any number of kinds, by one statement of index look-ups."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet


class Question:
    """The earliest `field` of these rows, or nothing. The rows must depend on no value that
    changes, because the statement is written once."""

    def __init__(self, rows: QuerySet[Any], field: str) -> None:
        self.rows = rows.filter(**{f"{field}__isnull": False}).order_by(field).values(field)[:1]


def earliest(questions: Mapping[str, Question]) -> dict[str, datetime]:
    """The answers by name; what has none is left out."""
    with connection.cursor() as cursor:
        cursor.execute(*_statement(connection.vendor, tuple(questions.values())))
        answers = cursor.fetchone()
    return {
        name: _instant(answer)
        for name, answer in zip(questions, answers, strict=True)
        if answer is not None
    }


@lru_cache(maxsize=8)
def _statement(vendor: str, questions: tuple[Question, ...]) -> tuple[str, list[Any]]:
    parts: list[str] = []
    values: list[Any] = []
    for each in questions:
        sql, params = each.rows.query.sql_with_params()
        parts.append(f"({sql})")
        values += params
    return f"SELECT {', '.join(parts)}", values


def _instant(answer: datetime | str) -> datetime:
    # SQLite answers a look-up within a SELECT in its own writing.
    found = datetime.fromisoformat(answer) if isinstance(answer, str) else answer
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
