"""Errors carry a code for machines and a sentence for people (HOUSE 2.9).

Services raise `DomainError`; the API and the pages turn it into their own shape. A broken database
constraint becomes the same thing: each named constraint carries its code and sentence, and
`from_integrity_error` finds it by the name the database reports.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

from django.apps import apps
from django.db import IntegrityError, models


class DomainError(Exception):
    """`status` is the HTTP status, `extra` further members of the problem document.

    `errors` is a list of {field, code, detail} (and `row` for lists of rows).
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int = 400,
        errors: list[dict[str, Any]] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.errors = errors or []
        self.extra = extra


class Conflict(DomainError):
    def __init__(self, code: str, detail: str, **extra: Any) -> None:
        super().__init__(code, detail, status=409, **extra)


class NotAllowed(DomainError):
    def __init__(self, code: str, detail: str, **extra: Any) -> None:
        super().__init__(code, detail, status=403, **extra)


class Later(DomainError):
    """Not now: `Retry-After` says in how many seconds (rounded up)."""

    def __init__(self, code: str, detail: str, *, status: int, retry_after_s: float) -> None:
        super().__init__(code, detail, status=status)
        self.retry_after_s = max(1, math.ceil(retry_after_s))


def field_error(field: str, code: str, detail: str) -> DomainError:
    """One bad field of a message: 400 with `errors: [{field, code, detail}]`."""
    return DomainError(code, detail, errors=[{"field": field, "code": code, "detail": detail}])


@cache
def constraint_sentences() -> dict[str, tuple[str, str]]:
    """Name of every constraint of our models -> (code, sentence)."""
    table: dict[str, tuple[str, str]] = {}
    for model in apps.get_models(include_auto_created=True):
        for constraint in model._meta.constraints:
            table[constraint.name] = (
                getattr(constraint, "violation_error_code", None) or "invalid",
                str(constraint.violation_error_message),
            )
    return table


@cache
def _unique_by_columns() -> dict[tuple[str, ...], str]:
    table: dict[tuple[str, ...], str] = {}
    for model in apps.get_models(include_auto_created=True):
        for constraint in model._meta.constraints:
            if isinstance(constraint, models.UniqueConstraint) and constraint.fields:
                found = [model._meta.get_field(name) for name in constraint.fields]
                columns = [field.column for field in found if isinstance(field, models.Field)]
                table[tuple(f"{model._meta.db_table}.{column}" for column in columns)] = (
                    constraint.name
                )
    return table


def constraint_name(error: IntegrityError) -> str | None:
    """The constraint an IntegrityError is about, on PostgreSQL and on SQLite."""
    diagnostics = getattr(error.__cause__, "diag", None)
    if diagnostics is not None:
        return diagnostics.constraint_name
    text = str(error)
    if found := re.search(r"CHECK constraint failed: (\w+)", text):
        return found[1]
    if found := re.search(r"UNIQUE constraint failed: index '(\w+)'", text):
        return found[1]
    if found := re.search(r"UNIQUE constraint failed: (.+)", text):
        return _unique_by_columns().get(tuple(part.strip() for part in found[1].split(",")))
    return None


def from_integrity_error(error: IntegrityError) -> DomainError:
    name = constraint_name(error)
    code, sentence = constraint_sentences().get(
        name or "", ("conflict", "This contradicts what is stored already.")
    )
    return DomainError(code, sentence, status=409 if code in ("unique", "conflict") else 400)
