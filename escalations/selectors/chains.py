"""Which rows are sealed: every change history, and what is written once and kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import InvalidOperation
from functools import cache
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DataError, OperationalError, connection, transaction
from django.db.models import Model, Q, QuerySet
from simple_history.models import HistoricalChanges

from escalations.models import (
    AnsweredWarning,
    Approval,
    ClockEvent,
    ClockMark,
    LadderStep,
    RepairAnswer,
    ReviewAmendment,
    ReviewSignOff,
    Seal,
    TimelineEvent,
)
from escalations.rules.seals import UNREADABLE, row_digest

LEDGERS: tuple[type[Model], ...] = (
    TimelineEvent,
    ClockEvent,
    ClockMark,
    LadderStep,
    ReviewSignOff,
    ReviewAmendment,
    Approval,
    AnsweredWarning,
    RepairAnswer,
)
# A cause is proposed and confirmed later; the timeline, which is sealed, keeps each word of it.
OPEN_COLUMNS: dict[type[Model], frozenset[str]] = {
    ClockMark: frozenset(
        "cause proposed_cause cause_note cause_confirmed_at cause_confirmed_by_id".split()
    )
}
SEALS = "escalations_seal"  # the chain over the other seals
# A seal's digest covers the rest of it.
SEAL_COLUMNS = ("id", "chain", "seq", "prev_hash", "digest")
BROKEN_ROW = (ValueError, TypeError, InvalidOperation, ValidationError, DataError, OperationalError)


@dataclass(frozen=True, slots=True)
class Chain:
    name: str
    label: str
    model: type[Model]
    columns: tuple[str, ...]

    @property
    def rows(self) -> QuerySet[Any]:
        found = self.model._base_manager.order_by()
        return found.exclude(chain=SEALS) if self.name == SEALS else found

    def digests(
        self, rows: QuerySet[Any], columns: Sequence[str] | None = None
    ) -> dict[int, bytes]:
        """Digest of each row by its number. A row that cannot be read stands as UNREADABLE."""
        names = self.columns if columns is None else tuple(columns)
        try:
            with _mended():
                read = list(rows.values_list("pk", *names))
            return {row[0]: row_digest(names, row[1:]) for row in read}
        except BROKEN_ROW:
            return {pk: self._one(pk, names) for pk in list(rows.values_list("pk", flat=True))}

    def _one(self, pk: int, names: Sequence[str]) -> bytes:
        try:
            with _mended():
                values = self.rows.filter(pk=pk).values_list(*names).get()
            return row_digest(names, values)
        except BROKEN_ROW:
            return UNREADABLE


@contextmanager
def _mended() -> Iterator[None]:
    """Inside a transaction of PostgreSQL a failed statement must not spoil the next ones."""
    if connection.in_atomic_block:
        with transaction.atomic():
            yield
    else:
        yield


@cache
def chains() -> dict[str, Chain]:
    """By table, the seals' own chain last."""
    histories = [model for model in apps.get_models() if issubclass(model, HistoricalChanges)]
    found = [_chain(model) for model in (*histories, *LEDGERS)]
    by_name = {chain.name: chain for chain in sorted(found, key=lambda chain: chain.name)}
    return by_name | {SEALS: Chain(SEALS, "Seals", Seal, SEAL_COLUMNS)}


def _chain(model: type[Model]) -> Chain:
    meta = model._meta
    left_out = OPEN_COLUMNS.get(model, frozenset())
    names = [field.attname for field in meta.concrete_fields if field.attname not in left_out]
    return Chain(meta.db_table, _label(model), model, tuple(sorted(names)))


def _label(model: type[Model]) -> str:
    """ "History of accounts"; of links: "History of user groups"."""
    if not issubclass(model, HistoricalChanges):
        label = str(model._meta.verbose_name_plural)
        return label[:1].upper() + label[1:]
    owner = getattr(model, "instance_type", None)
    if owner is not None:
        return f"History of {owner._meta.verbose_name_plural}"
    noun = str(model._meta.model_name).removeprefix("historical").replace("_", " ")
    return f"History of {noun}"


def newest_seal(chain: str) -> Seal | None:
    return Seal.objects.filter(chain=chain).order_by("-seq").defer("rows").first()


def among(rows: QuerySet[Any], numbers: Iterable[int]) -> QuerySet[Any]:
    """Rows by their numbers; as a range where the numbers are close together."""
    wanted = sorted(numbers)
    if wanted and wanted[-1] - wanted[0] < 3 * len(wanted):
        return rows.filter(Q(pk__gte=wanted[0]) & Q(pk__lte=wanted[-1]))
    return rows.filter(pk__in=wanted)
