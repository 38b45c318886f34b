"""Ground for every model: stamps, paired fields, and the record of changes."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import Exact, Lookup
from simple_history.models import HistoricalRecords


class Stamped(models.Model):
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


def paired(model: str, *, at: str, by: str) -> models.CheckConstraint:
    """`x_at` and `x_by` are both set or both empty: who without when is no record."""
    both = Q(**{f"{at}__isnull": True, f"{by}__isnull": True})
    neither = Q(**{f"{at}__isnull": False, f"{by}__isnull": False})
    return models.CheckConstraint(
        condition=both | neither,
        name=f"{model}_{at}_with_{by}",
        violation_error_code="unpaired",
        violation_error_message=f"{at} and {by} are set together or not at all.",
    )


def begins(field: str, *starts: str) -> Q:
    """The text begins with one of these. Django's reader of SQLite's tables stumbles at the escape
    of a LIKE, which `startswith` writes, and at the commas of SUBSTR."""
    found = Q()
    for start in starts:
        found |= Q(Exact(StrIndex(field, Value(start)), 1))
    return found


@models.CharField.register_lookup
class Among(Lookup):
    """`state__among=[...]`: one of these words of ours, written into the statement. SQLite sees
    that a partial index fits only where its words stand, not at parameters."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, values = self.process_lhs(compiler, connection)
        if not all(word.replace("_", "").isalpha() for word in self.rhs):
            raise ValueError(f"{self.rhs} are not plain words")
        words = "', '".join(self.rhs)
        return f"{column} IN ('{words}')", list(values)


def check(name: str, condition: Q, sentence: str, code: str = "invalid") -> models.CheckConstraint:
    """A named CHECK with the sentence its violator reads."""
    return models.CheckConstraint(
        condition=condition,
        name=name,
        violation_error_code=code,
        violation_error_message=sentence,
    )


def one_of(name: str, field: str, choices: type[StrEnum] | type[models.TextChoices]):
    """The column holds one of the choices, also when written by bulk or by SQL."""
    words = [choice.value for choice in choices]
    return check(name, Q(**{f"{field}__in": words}), f"{field} is one of {', '.join(words)}.")


def unique(
    name: str, *fields: str, sentence: str, condition: Q | None = None, code: str = "unique"
) -> models.UniqueConstraint:
    """A named UNIQUE (partial with `condition`) with the sentence its violator reads."""
    return models.UniqueConstraint(
        fields=fields,
        name=name,
        condition=condition,
        violation_error_code=code,
        violation_error_message=sentence,
    )


def recorded(*, excluded: tuple[str, ...] = (), links: tuple[str, ...] = ()) -> HistoricalRecords:
    """The change history of a model: who, when, what and why, for auditors.

    `excluded` fields are not kept; `links` are many-to-many fields to keep too. Rows written by
    bulk or by `.update()` leave no trace here.
    """
    return HistoricalRecords(
        excluded_fields=list(excluded),
        m2m_fields=list(links),
        history_change_reason_field=models.TextField(null=True),
    )


STAMPS = ("created_at", "updated_at")
