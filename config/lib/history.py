"""Who, why and when, for the change history of the next save of a row."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model

Row = TypeVar("Row", bound=Model)


def told(row: Row, *, by: Any, reason: str = "", at: datetime | None = None) -> Row:
    """The same row; its next save is recorded with this person (None: the machine) and reason, as
    of `at`, or else of when it is saved."""
    row._history_user = by  # type: ignore[attr-defined]  # read by simple-history
    row._change_reason = reason[:2000]  # type: ignore[attr-defined]  # as above
    if at is not None:
        row._history_date = at  # type: ignore[attr-defined]  # as above
    return row
