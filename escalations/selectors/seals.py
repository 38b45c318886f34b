"""Is the record as it was sealed? Every row against its digest, every seal against the next."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from django.core.exceptions import FieldDoesNotExist, FieldError

from escalations.models import Seal, Verification
from escalations.rules.seals import FIRST, in_gaps, seal_digest, unpacked
from escalations.selectors.chains import SEALS, Chain, among, chains, newest_seal

Progress = Callable[[int], Any]
ALTERED, MISSING, INSERTED = "altered", "missing", "inserted"
PAGE = 5000


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    table: str
    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.table} {self.key} {self.what}"


@dataclass(slots=True)
class Verified:
    """`rows` are sealed and were looked at; `unsealed` wait for the next seal."""

    rows: int = 0
    chains: int = 0
    unsealed: int = 0
    faults: list[Fault] = field(default_factory=list)
    head: str = ""
    is_complete: bool = True

    def add(self, table: str, key: object, what: str) -> None:
        self.faults.append(Fault(table, str(key), what))


def head_of_record() -> str:
    """The digest that stands for everything sealed so far; "" before the first seal."""
    newest = newest_seal(SEALS)
    return newest.digest if newest else ""


def rows_sealed(only: str | None = None) -> int:
    """For a progress bar: what a look will go through."""
    names = [only] if only else list(chains())
    return sum(seal.rows_total for name in names if (seal := newest_seal(name)))


def verified(
    only: str | None = None,
    *,
    head: str | None = None,
    progress: Progress | None = None,
    until: float | None = None,
) -> Verified:
    """Look at every chain, or at one. `head`: a digest kept elsewhere that the chain must hold.
    `until`: an instant of `time.monotonic` at which to stop."""
    found = Verified(head=head_of_record())
    names = {only: chains()[only]} if only else chains()
    for chain in names.values():
        _look_at(chain, found, progress, until)
        if not found.is_complete:
            break
    if only is None:
        for name in set(Seal.objects.order_by().values_list("chain", flat=True).distinct()):
            if name not in names:
                found.add(name, "*", MISSING)
    for kept in _heads_to_find(head):
        if not Seal.objects.filter(chain=SEALS, digest=kept).exists():
            found.add(SEALS, f"head:{kept}", MISSING)
    found.faults = sorted(set(found.faults))
    return found


def _heads_to_find(head: str | None) -> set[str]:
    """The heads of earlier looks must still be there as well."""
    newest = Verification.objects.exclude(head="").order_by("-at").values_list("head", flat=True)
    return {head, *newest[:100]} - {None}  # type: ignore[return-value]  # without None


def _look_at(chain: Chain, found: Verified, progress: Progress | None, until: float | None) -> None:
    sealed = array("q")
    present = 0
    last: Seal | None = None
    for seal in _seals(chain.name):
        if until is not None and monotonic() > until:
            found.is_complete = False
            return
        _check_place(seal, last, found)
        rows = _rows_of(seal)
        sealed.extend(rows)
        there = _compare(chain, seal, rows, found)
        present += there
        found.rows += len(rows)
        if progress:
            progress(len(rows))
        last = seal
    if last is None:
        found.unsealed += chain.rows.count()
        return
    found.chains += 1
    below = chain.rows.filter(pk__lte=last.through_id)
    if below.count() > present:
        known = set(sealed)
        for number in below.order_by("pk").values_list("pk", flat=True).iterator(PAGE):
            if number in known:
                continue
            if in_gaps(last.gaps, number):
                found.unsealed += 1  # committed late; the next seal takes it
            else:
                found.add(chain.name, number, INSERTED)
    found.unsealed += chain.rows.filter(pk__gt=last.through_id).count()


def _seals(name: str) -> Iterator[Seal]:
    """In order, a few at a time."""
    seq = 0
    while page := list(Seal.objects.filter(chain=name, seq__gt=seq).order_by("seq")[:200]):
        yield from page
        seq = page[-1].seq


def _check_place(seal: Seal, last: Seal | None, found: Verified) -> None:
    """A seal follows the one before, and its digest is the sum of what it holds."""
    expected = last.seq + 1 if last else 1
    for seq in range(expected, min(seal.seq, expected + PAGE)):
        found.add(SEALS, f"{seal.chain}:{seq}", MISSING)
    is_next = seal.seq == expected
    follows = not is_next or seal.prev_hash == (last.digest if last else FIRST)
    if not follows or seal.digest != seal_digest(seal.header, bytes(seal.rows)):
        found.add(SEALS, seal.pk, ALTERED)


def _rows_of(seal: Seal) -> dict[int, bytes]:
    try:
        return dict(unpacked(bytes(seal.rows)))
    except struct.error:
        return {}  # the seal is told as altered already


def _compare(chain: Chain, seal: Seal, rows: dict[int, bytes], found: Verified) -> int:
    """How many of the sealed rows are there; what differs goes to `found`."""
    if not rows:
        return 0
    try:
        now = chain.digests(among(chain.rows, rows), seal.columns)
    except (FieldError, FieldDoesNotExist):
        now = dict.fromkeys(among(chain.rows, rows).values_list("pk", flat=True), b"")
    present = 0
    for number, digest in rows.items():
        if number not in now:
            found.add(chain.name, number, MISSING)
        else:
            present += 1
            if now[number] != digest:
                found.add(chain.name, number, ALTERED)
    return present
