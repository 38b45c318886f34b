"""The sealer: takes committed rows that no seal holds yet and adds the next seal of their chain.

It runs beside the work and never in it. On PostgreSQL a lower number may be committed after a
higher one: numbers passed by stay open until no transaction that could bring them is left.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.db import connection, transaction

from accounts.models import User
from escalations.models import Seal, Verification
from escalations.rules.seals import FIRST, Gap, gaps_between, in_gaps, packed, seal_digest, without
from escalations.selectors.chains import SEALS, Chain, among, chains, newest_seal
from escalations.selectors.seals import Progress, Verified, head_of_record, verified

log = logging.getLogger("belay.seal")
BATCH = 5000
LOCK = 7_305_482_116_905  # PostgreSQL's number for "somebody seals"
OPEN_FOR = timedelta(minutes=1)
FAULTS_KEPT = 200


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one run sealed; `head` is the digest that stands for the whole record."""

    rows: int
    chains: int
    head: str


def seal_all(at: datetime) -> Sealed:
    """Seal whatever is committed. A second run at the same time leaves the work to the first."""
    rows = touched = 0
    for chain in chains().values():
        if chain.name == SEALS:
            continue
        count, is_new = _seal(chain, at)
        rows, touched = rows + count, touched + is_new
    if _seal(chains()[SEALS], at)[1]:
        newest = newest_seal(SEALS)
        assert newest is not None, "a seal was written just now"
        # Outside the database: whoever cuts the chain's end there does not reach this line.
        log.info("sealed %s rows in %s chains: head=%s", rows, touched, newest.digest)
    return Sealed(rows, touched, head_of_record())


def _seal(chain: Chain, at: datetime) -> tuple[int, bool]:
    """All batches of one chain; how many rows, and whether there is a new seal."""
    rows, is_new, is_first = 0, False, True
    while _is_behind(chain, is_first):
        made = _next_seal(chain, at, looks_back=is_first)
        if made is None:
            break
        rows, is_new, is_first = rows + made.row_count, True, False
    return rows, is_new


def _is_behind(chain: Chain, looks_back: bool) -> bool:
    """Asked outside a transaction: SQLite has one writer."""
    last = newest_seal(chain.name)
    through = last.through_id if last else 0
    has_gaps = bool(looks_back and last and last.open_gaps)
    return has_gaps or chain.rows.filter(pk__gt=through).exists()


@transaction.atomic
def _next_seal(chain: Chain, at: datetime, *, looks_back: bool) -> Seal | None:
    if not _take_lock():
        return None
    last = newest_seal(chain.name)
    through = last.through_id if last else 0
    known = last.gaps if last else []
    oldest, _ = _transactions()
    late: list[int] = []
    if known and looks_back:
        span = chain.rows.filter(pk__gte=known[0].first, pk__lte=through)
        numbers = span.order_by("pk").values_list("pk", flat=True)
        late = [number for number in numbers if in_gaps(known, number)][:BATCH]
    fresh = list(
        chain.rows.filter(pk__gt=through).order_by("pk").values_list("pk", flat=True)[:BATCH]
    )
    _, next_one = _transactions()
    gaps = without(known, late)
    if looks_back and len(late) < BATCH:
        gaps = [gap for gap in gaps if not _is_settled(gap, oldest, at)]
    if next_one is not None and chain.name != SEALS:  # seals are written under the lock alone
        gaps += gaps_between(through, fresh, xid=next_one, since=at.isoformat())
    if not late and not fresh and gaps == known:
        return None
    wanted = [*late, *fresh]
    digests = chain.digests(among(chain.rows, wanted)) if wanted else {}
    rows = [(number, digests[number]) for number in wanted if number in digests]
    seal = Seal(
        chain=chain.name,
        seq=last.seq + 1 if last else 1,
        prev_hash=last.digest if last else FIRST,
        first_id=min(wanted, default=None),
        last_id=max(wanted, default=None),
        through_id=max([through, *fresh]),
        row_count=len(rows),
        rows_total=(last.rows_total if last else 0) + len(rows),
        columns=list(chain.columns),
        open_gaps=[gap.stored for gap in gaps],
        rows=packed(rows),
        sealed_at=at,
    )
    seal.digest = seal_digest(seal.header, bytes(seal.rows))
    seal.save(force_insert=True)
    return seal


def _take_lock() -> bool:
    """Held to the end of the transaction. SQLite's writer is alone anyway."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return cursor.fetchone()[0]


def _transactions() -> tuple[int, int | None]:
    """The oldest transaction under way, and the number that the next one gets. None on SQLite:
    one writer at a time passes no number by."""
    if connection.vendor != "postgresql":
        return 0, None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(s)::text, pg_snapshot_xmax(s)::text "
            "FROM pg_current_snapshot() AS s"
        )
        oldest, next_one = cursor.fetchone()
    return int(oldest), int(next_one)


def _is_settled(gap: Gap, oldest: int, at: datetime) -> bool:
    """A statement takes its number an instant before its transaction gets one: hence the wait."""
    return oldest >= gap.xid and at - datetime.fromisoformat(gap.since) >= OPEN_FOR


def verify_record(
    at: datetime,
    *,
    by: User | None = None,
    progress: Progress | None = None,
    budget_s: float | None = None,
) -> Verification:
    """Look at the whole record and keep what was found. A look that outlasts `budget_s` ends."""
    began = monotonic()
    until = None if budget_s is None else began + budget_s
    found = verified(progress=progress, until=until)
    return keep_verification(found, at, by=by, took_ms=int((monotonic() - began) * 1000))


def keep_verification(
    found: Verified, at: datetime, *, by: User | None, took_ms: int
) -> Verification:
    for fault in found.faults[:FAULTS_KEPT]:
        log.error("broken: %s", fault)
    return Verification.objects.create(
        at=at,
        took_ms=took_ms,
        asked_by=by,
        rows=found.rows,
        chains=found.chains,
        unsealed=found.unsealed,
        fault_count=len(found.faults),
        faults=[[each.table, each.key, each.what] for each in found.faults[:FAULTS_KEPT]],
        head=found.head,
        is_complete=found.is_complete,
    )
