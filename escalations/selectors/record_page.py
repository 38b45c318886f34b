"""The page of the record: the last look, its faults, and how far each chain is sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from escalations.models import Seal, Verification
from escalations.selectors.chains import SEALS, chains, newest_seal
from escalations.selectors.seals import head_of_record

STALE_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ChainRow:
    label: str
    table: str
    rows: int
    seals: int
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class RecordPage:
    """`is_stale`: no seal for a while although rows wait, so nobody seals."""

    last: Verification | None
    earlier: list[Verification]
    chains: list[ChainRow]
    head: str
    rows: int
    is_stale: bool


def record_page(at: datetime) -> RecordPage:
    looks = list(Verification.objects.select_related("asked_by")[:11])
    rows, is_stale = [], False
    for chain in chains().values():
        seal: Seal | None = newest_seal(chain.name)
        if chain.name != SEALS and (seal is None or seal.sealed_at < at - STALE_AFTER):
            through = seal.through_id if seal else 0
            is_stale = is_stale or chain.rows.filter(pk__gt=through).exists()
        if seal is not None:
            rows.append(
                ChainRow(chain.label, chain.name, seal.rows_total, seal.seq, seal.sealed_at)
            )
    return RecordPage(
        last=looks[0] if looks else None,
        earlier=looks[1:],
        chains=rows,
        head=head_of_record(),
        rows=sum(row.rows for row in rows),
        is_stale=is_stale,
    )
