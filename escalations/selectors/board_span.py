"""A month and the one before it, as filters and counts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from escalations.rules.board import Month, Pair


class Span:
    """The month and the one before, up to now."""

    def __init__(self, month: Month, at: datetime) -> None:
        self.start, self.end = month.start, min(month.end, at)
        self.first = month.before.start

    def within(self, name: str) -> Q:
        """In either month."""
        return Q(**{f"{name}__gte": self.first, f"{name}__lt": self.end})

    def now(self, name: str) -> Q:
        return Q(**{f"{name}__gte": self.start, f"{name}__lt": self.end})

    def before(self, name: str) -> Q:
        return Q(**{f"{name}__gte": self.first, f"{name}__lt": self.start})

    def counts(self, name: str, label: str, only: Q | None = None, of: str = "pk") -> Any:
        """Aggregates `label_now` and `label_before`."""
        also, distinct = only or Q(), of != "pk"
        return {
            f"{label}_now": Count(of, filter=self.now(name) & also, distinct=distinct),
            f"{label}_before": Count(of, filter=self.before(name) & also, distinct=distinct),
        }


def pair(row: Any, label: str) -> Pair:
    return row[f"{label}_now"], row[f"{label}_before"]
