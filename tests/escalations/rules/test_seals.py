"""The sums that anybody can do again."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from escalations.rules.seals import (
    Gap,
    canonical,
    gaps_between,
    in_gaps,
    packed,
    plain,
    row_digest,
    unpacked,
    without,
)


def gap(first: int, last: int) -> Gap:
    return Gap(first, last, 7, "2026-11-17T10:00:00+00:00")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "2026-01-02T03:04:05.000006+00:00"),
        (
            datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))),
            "2026-01-02T01:00:00.000000+00:00",
        ),
        (Decimal("1200.50"), "1200.50"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 1, 2), "2026-01-02"),
        (timedelta(seconds=1), "1000000 us"),
        (b"\x00\xff", "00ff"),
        (None, None),
    ],
)
def test_values_are_written_exactly(value, text):
    assert plain(value) == text


def test_a_row_is_one_line_of_json_with_sorted_names():
    row = canonical({"b": "é", "a": {"z": 1, "y": [None, True]}})
    assert row == '{"a":{"y":[null,true],"z":1},"b":"é"}'.encode()
    assert row_digest(("b", "a"), (2, 1)) == hashlib.sha256(b'{"a":1,"b":2}').digest()


def test_what_cannot_be_written_exactly_is_refused():
    with pytest.raises(TypeError):
        plain(object())


def test_rows_are_unpacked_as_they_were_packed():
    rows = [(1, bytes(32)), (2**62, b"\x01" * 32), (-3, b"\xff" * 32)]
    assert list(unpacked(packed(rows))) == rows


def test_gaps_are_what_is_missing_in_between():
    found = gaps_between(4, [5, 8, 9, 12], xid=7, since="2026-11-17T10:00:00+00:00")
    assert found == [gap(6, 7), gap(10, 11)]
    assert [in_gaps(found, n) for n in (5, 6, 7, 8, 11, 12)] == [0, 1, 1, 0, 1, 0]
    assert not in_gaps([], 1)


def test_a_number_that_turns_up_splits_its_gap():
    assert without([gap(1, 5), gap(8, 8)], [3, 8]) == [gap(1, 2), gap(4, 5)]
    assert without([gap(1, 2)], [1, 2]) == []
