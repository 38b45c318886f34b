"""When a repeating window lasts, over midnight and clock changes, and what a window covers."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalations.rules.maintenance import Repeat, Scope, longest, next_occurrence


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NIGHTS = Repeat(frozenset({6}), time(1, 0), time(4, 0), "Europe/Berlin")
OVER_MIDNIGHT = Repeat(frozenset({4}), time(22, 0), time(2, 0), "America/New_York")
GAP = Repeat(frozenset({6}), time(2, 30), time(3, 30), "America/New_York")
ONCE_MORE = Repeat(
    frozenset(range(7)), time(9, 0), time(10, 0), "Asia/Kathmandu", date(2026, 11, 18)
)


@pytest.mark.parametrize(
    ("repeat", "after", "start", "end"),
    [
        (NIGHTS, "2026-11-17T10:00", "2026-11-22T00:00", "2026-11-22T03:00"),
        (NIGHTS, "2026-11-22T02:59", "2026-11-22T00:00", "2026-11-22T03:00"),
        (NIGHTS, "2026-11-22T03:00", "2026-11-29T00:00", "2026-11-29T03:00"),
        # The night of the change back is an hour longer, that of the change forward shorter.
        (NIGHTS, "2026-10-24T12:00", "2026-10-24T23:00", "2026-10-25T03:00"),
        (NIGHTS, "2026-03-28T12:00", "2026-03-29T00:00", "2026-03-29T02:00"),
        (OVER_MIDNIGHT, "2026-11-20T12:00", "2026-11-21T03:00", "2026-11-21T07:00"),
        (OVER_MIDNIGHT, "2026-11-21T06:00", "2026-11-21T03:00", "2026-11-21T07:00"),
        # 02:30 does not exist on 8 March: it starts at the first instant after the gap.
        (GAP, "2026-03-08T00:00", "2026-03-08T07:00", "2026-03-08T07:30"),
        (ONCE_MORE, "2026-11-18T00:00", "2026-11-18T03:15", "2026-11-18T04:15"),
    ],
)
def test_the_next_time_of_a_repeating_window(repeat, after, start, end):
    assert next_occurrence(repeat, utc(after)) == (utc(start), utc(end))


def test_after_its_last_day_it_never_comes_again():
    assert next_occurrence(ONCE_MORE, utc("2026-11-18T04:15")) is None
    nowhere = Repeat(frozenset(), time(1), time(2), "UTC")
    assert next_occurrence(nowhere, utc("2026-11-18T04:15")) is None


@settings(max_examples=60, deadline=None)
@given(
    st.frozensets(st.integers(0, 6), min_size=1),
    st.times(),
    st.times(),
    st.sampled_from(["Europe/London", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
)
def test_times_follow_one_another_and_end_later_than_asked(days, starts, ends, zone, after):
    repeat = Repeat(days, starts.replace(second=0), ends.replace(second=0), zone)
    at = after.replace(tzinfo=UTC)
    for _ in range(4):
        found = next_occurrence(repeat, at)
        assert found is not None
        start, end = found
        assert start < end and end > at
        assert end - start <= longest(repeat) + timedelta(hours=2)
        at = end


@pytest.mark.parametrize(
    ("scope", "of", "is_covered"),
    [
        (Scope(), Scope(source="pager"), False),
        (Scope(source="pager"), Scope(source="pager", product_area="shop"), True),
        (Scope(source="pager", product_area="shop"), Scope(source="pager"), False),
        (Scope(kpi=1), Scope(kpi=2), False),
        (Scope(kpi=1, account=3), Scope(kpi=1, source="kpi", account=3), True),
        (Scope(account=3), Scope(source="pager"), False),
    ],
)
def test_everything_that_is_named_must_fit(scope, of, is_covered):
    assert scope.covers(of) is is_covered
