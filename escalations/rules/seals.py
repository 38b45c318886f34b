"""What a sealed row and a seal hash to. Pure: values in, digests out.

A row is one line of JSON: its columns by name, sorted; instants in UTC with microseconds, decimals
as text. A seal is its header in the same form, a line break, and for each row its number (eight
bytes, big-endian) and digest (32 bytes). Whoever has a copy of the database can do the sums.
"""

from __future__ import annotations

import hashlib
import json
import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

FIRST = "0" * 64  # what stands before the first seal of a chain
UNREADABLE = bytes(32)  # a row that was no valid row when it was sealed
_PAIR = struct.Struct(">q32s")
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that no row had when they were passed by. A transaction still under way may bring
    one until every transaction below `xid` has ended; `since` is when it was first seen."""

    first: int
    last: int
    xid: int
    since: str

    @property
    def stored(self) -> list[Any]:
        return [self.first, self.last, self.xid, self.since]


def plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, timedelta):
        return f"{value // MICROSECOND} us"
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    raise TypeError(f"a {type(value).__name__} cannot be sealed")


def canonical(values: dict[str, Any]) -> bytes:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def row_digest(columns: Sequence[str], values: Sequence[Any]) -> bytes:
    row = {name: plain(value) for name, value in zip(columns, values, strict=True)}
    return hashlib.sha256(canonical(row)).digest()


def packed(rows: Iterable[tuple[int, bytes]]) -> bytes:
    return b"".join(_PAIR.pack(number, digest) for number, digest in rows)


def unpacked(blob: bytes) -> Iterator[tuple[int, bytes]]:
    """Raises struct.error where somebody cut the bytes."""
    return _PAIR.iter_unpack(blob)


def seal_digest(header: dict[str, Any], blob: bytes) -> str:
    plainly = {name: plain(value) for name, value in header.items()}
    return hashlib.sha256(canonical(plainly) + b"\n" + blob).hexdigest()


def gaps_between(after: int, numbers: Sequence[int], *, xid: int, since: str) -> list[Gap]:
    """What is missing in the rising `numbers` above `after`."""
    found = []
    for number in numbers:
        if number > after + 1:
            found.append(Gap(after + 1, number - 1, xid, since))
        after = number
    return found


def without(gaps: Sequence[Gap], numbers: Iterable[int]) -> list[Gap]:
    """The gaps that stay when these numbers have turned up in them."""
    taken = sorted(numbers)
    left = []
    for gap in gaps:
        start = gap.first
        for number in taken:
            if start <= number <= gap.last:
                if number > start:
                    left.append(Gap(start, number - 1, gap.xid, gap.since))
                start = number + 1
        if start <= gap.last:
            left.append(Gap(start, gap.last, gap.xid, gap.since))
    return left


def in_gaps(gaps: Sequence[Gap], number: int) -> bool:
    """`gaps` are in rising order and do not overlap."""
    place = bisect_right([gap.first for gap in gaps], number) - 1
    return place >= 0 and number <= gaps[place].last
