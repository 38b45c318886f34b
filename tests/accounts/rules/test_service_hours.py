import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules.service_hours import ALWAYS, Calendar, CalendarError
from accounts.rules.zones import instant_of, zone_named
from tests.accounts.rules.minutes import (
    MINUTE_US,
    calendars,
    first_minute,
    open_minutes,
)
from tests.examples import examples

DAYS = 6
HOUR_US = 60 * MINUTE_US
NINE_TO_FIVE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
NEW_YORK = {"tz": "America/New_York", "weekly": NINE_TO_FIVE, "dates": {"2026-11-26": []}}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def brute_add(minutes: list[bool], start: int, count: int) -> int | None:
    if count == 0:
        return start
    for minute in range(start, len(minutes)):
        count -= minutes[minute]
        if count == 0:
            return minute + 1
    return None


@examples(150)
@given(
    drawn=calendars(),
    start=st.integers(0, DAYS * 1440 - 1),
    length=st.integers(0, 3000),
    count=st.integers(0, 900),
)
def test_every_answer_equals_the_count_of_open_minutes(drawn, start, length, count):
    spec, day = drawn
    minutes, first = open_minutes(spec, day, DAYS), first_minute(day)
    calendar = Calendar.of(spec)
    end = min(start + length, len(minutes))
    a, b = first + timedelta(minutes=start), first + timedelta(minutes=end)

    assert calendar.is_open(a) == minutes[start]
    assert calendar.elapsed_us(a, b) == sum(minutes[start:end]) * MINUTE_US
    expected = brute_add(minutes, start, count)
    found = calendar.add(a, count * MINUTE_US)
    if expected is not None:
        assert found == first + timedelta(minutes=expected)
    else:
        assert found is None or found > first + timedelta(days=DAYS)
    opens = next((m for m in range(start, len(minutes)) if minutes[m]), None)
    if opens is not None:
        assert calendar.next_open_at(a) == first + timedelta(minutes=opens)
    intervals = calendar.windows(a, b)
    assert sum((y - x for x, y in intervals), timedelta()) == timedelta(
        minutes=sum(minutes[start:end])
    )
    assert all(a <= x < y <= b for x, y in intervals)
    assert all(y < x for (_, y), (x, _) in itertools.pairwise(intervals))


@examples(100)
@given(
    drawn=calendars(),
    offset_us=st.integers(0, 4 * 86_400_000_000),
    us=st.integers(1, 2 * 86_400_000_000),
)
def test_adding_undoes_elapsing_to_the_microsecond(drawn, offset_us, us):
    spec, day = drawn
    calendar = Calendar.of(spec)
    start = first_minute(day) + timedelta(microseconds=offset_us)
    found = calendar.add(start, us)
    if found is None:
        return
    assert calendar.elapsed_us(start, found) == us
    assert calendar.elapsed_us(start, found - timedelta(microseconds=1)) == us - 1


@examples(60)
@given(drawn=calendars(), starts=st.lists(st.integers(-900, 900), min_size=2, max_size=5))
def test_answers_do_not_depend_on_what_was_asked_before(drawn, starts):
    spec, day = drawn
    used = Calendar.of(spec)
    for days in starts:
        at = first_minute(day) + timedelta(days=days)
        fresh = Calendar.of(spec)
        assert used.add(at, 100 * HOUR_US) == fresh.add(at, 100 * HOUR_US)
        assert used.next_open_at(at) == fresh.next_open_at(at)
        week = at + timedelta(days=7)
        assert used.windows(at, week) == fresh.windows(at, week)


def test_closing_time_is_closed_and_opening_time_is_open():
    calendar = Calendar.of(NEW_YORK)
    assert calendar.is_open(utc("2026-11-17T14:00"))
    assert not calendar.is_open(utc("2026-11-17T22:00"))
    assert calendar.is_open(utc("2026-11-17T22:00") - timedelta(microseconds=1))


def test_a_whole_day_ends_at_closing_time_not_at_the_next_opening():
    calendar = Calendar.of(NEW_YORK)
    found = calendar.add(utc("2026-11-17T14:00"), 8 * HOUR_US)
    assert found == utc("2026-11-17T22:00")


def test_adding_nothing_stays_where_it_is_even_when_closed():
    at = utc("2026-11-21T12:00")
    assert Calendar.of(NEW_YORK).add(at, 0) == at


def test_a_holiday_closes_its_local_date_and_no_more():
    night = {"tz": "America/New_York", "weekly": {"wed": [["22:00", "06:00"]]}}
    kept = Calendar.of(night)
    closed = Calendar.of(night | {"dates": {"2026-11-26": []}})
    start, end = utc("2026-11-26T00:00"), utc("2026-11-27T00:00")
    assert kept.elapsed_us(start, end) == 8 * HOUR_US
    assert closed.windows(start, end) == [(utc("2026-11-26T03:00"), utc("2026-11-26T05:00"))]


def test_an_overnight_window_of_a_date_adds_to_the_morning_after():
    calendar = Calendar.of(
        NEW_YORK | {"dates": {"2026-11-17": [["22:00", "02:00"]]}},
    )
    assert calendar.windows(utc("2026-11-17T12:00"), utc("2026-11-19T00:00")) == [
        (utc("2026-11-18T03:00"), utc("2026-11-18T07:00")),
        (utc("2026-11-18T14:00"), utc("2026-11-18T22:00")),
    ]


def test_a_window_running_to_midnight_may_end_at_0000_or_2400():
    for end in ("00:00", "24:00"):
        calendar = Calendar.of({"tz": "UTC", "weekly": {"mon": [["22:00", end]]}})
        assert calendar.elapsed_us(utc("2026-11-16T00:00"), utc("2026-11-18T00:00")) == (
            2 * HOUR_US
        )


def test_around_the_clock_is_plain_arithmetic_without_a_horizon():
    at = utc("2026-03-08T06:30")
    assert Calendar.of({"24x7": True, "tz": "America/New_York"}) is ALWAYS
    assert ALWAYS.add(at, 2 * HOUR_US) == at + timedelta(hours=2)
    assert ALWAYS.windows(at, at + timedelta(days=1)) == [(at, at + timedelta(days=1))]
    assert Calendar.of({"union": [NEW_YORK, {"24x7": True}]}) is ALWAYS


def test_around_the_clock_with_a_holiday_is_closed_on_it():
    calendar = Calendar.of({"24x7": True, "tz": "UTC", "dates": {"2026-12-25": []}})
    assert calendar.add(utc("2026-12-24T23:00"), 2 * HOUR_US) == utc("2026-12-26T01:00")


def test_hours_that_never_open_answer_never():
    for spec in (
        {"tz": "UTC", "weekly": {}},
        {"tz": "UTC", "weekly": {}, "dates": {"2020-01-01": [["09:00", "10:00"]]}},
    ):
        calendar, at = Calendar.of(spec), utc("2026-11-17T12:00")
        assert calendar.next_open_at(at) is None
        assert calendar.add(at, 1) is None
        assert calendar.elapsed_us(at, at + timedelta(days=400)) == 0


def test_a_single_date_within_ten_years_is_found():
    calendar = Calendar.of(
        {"tz": "UTC", "weekly": {}, "dates": {"2033-05-02": [["09:00", "10:00"]]}}
    )
    assert calendar.next_open_at(utc("2026-11-17T12:00")) == utc("2033-05-02T09:00")
    assert calendar.next_open_at(utc("2020-11-17T12:00")) is None


def test_what_takes_over_ten_years_is_never_whatever_is_already_built():
    calendar = Calendar.of(NEW_YORK)
    at = utc("2026-11-17T12:00")
    calendar.next_open_at(utc("2045-01-01T12:00"))
    assert calendar.add(at, 22_000 * HOUR_US) is None
    assert calendar.add(at, 18_000 * HOUR_US) is not None


def test_an_overnight_window_of_a_date_does_not_open_a_holiday():
    dates = {"2026-11-25": [["22:00", "02:00"]], "2026-11-26": []}
    calendar = Calendar.of(NEW_YORK | {"dates": dates})
    assert calendar.windows(utc("2026-11-25T12:00"), utc("2026-11-27T05:00")) == [
        (utc("2026-11-26T03:00"), utc("2026-11-26T05:00"))
    ]


def test_datetimes_of_any_zone_are_taken_and_utc_is_given():
    calendar = Calendar.of(NEW_YORK)
    at = datetime(2026, 11, 17, 10, tzinfo=timezone(timedelta(hours=-5)))
    found = calendar.add(at, HOUR_US)
    assert found == utc("2026-11-17T16:00")
    assert found.tzinfo is UTC


def test_a_naive_datetime_is_refused():
    with pytest.raises(TypeError):
        Calendar.of(NEW_YORK).is_open(datetime(2026, 11, 17))


def test_a_negative_duration_is_refused():
    with pytest.raises(ValueError, match="negative"):
        Calendar.of(NEW_YORK).add(utc("2026-11-17T12:00"), -1)


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ([], "calendar_shape"),
        ({"tz": "UTC"}, "calendar_shape"),
        ({"union": []}, "calendar_shape"),
        ({"union": [NEW_YORK], "weekly": NINE_TO_FIVE}, "calendar_shape"),
        ({"24x7": True, "weekly": NINE_TO_FIVE}, "calendar_shape"),
        ({"weekly": {}}, "unknown_zone"),
        ({"tz": "Mars/Olympus", "weekly": {}}, "unknown_zone"),
        ({"tz": "America", "weekly": {}}, "unknown_zone"),
        ({"tz": "../etc/passwd", "weekly": {}}, "unknown_zone"),
        ({"tz": "UTC", "weekly": {"monday": []}}, "unknown_day"),
        ({"tz": "UTC", "weekly": {}, "dates": {"2026-02-30": []}}, "unknown_day"),
        ({"tz": "UTC", "weekly": {"mon": [["9", "17:00"]]}}, "bad_window"),
        ({"tz": "UTC", "weekly": {"mon": [["09:00", "24:01"]]}}, "bad_window"),
        ({"tz": "UTC", "weekly": {"mon": [["09:60", "10:00"]]}}, "bad_window"),
        ({"tz": "UTC", "weekly": {"mon": [["09:00", "09:00"]]}}, "bad_window"),
        ({"tz": "UTC", "weekly": {"mon": [["24:00", "09:00"]]}}, "bad_window"),
        ({"tz": "UTC", "weekly": {"mon": [["09:00"]]}}, "bad_window"),
        ({"tz": "UTC", "weekly": {"mon": "09:00-17:00"}}, "bad_window"),
        (
            {"tz": "UTC", "weekly": {"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}},
            "overlapping_windows",
        ),
        (
            {"tz": "UTC", "weekly": {"mon": [["22:00", "06:00"]], "tue": [["05:00", "09:00"]]}},
            "overlapping_windows",
        ),
    ],
)
def test_hours_that_cannot_be_are_refused_with_a_code(spec, code):
    with pytest.raises(CalendarError) as refused:
        Calendar.of(spec)
    assert refused.value.code == code
    assert refused.value.sentence.endswith((".", "midnight."))


@pytest.mark.parametrize(
    ("zone", "wall", "first", "last"),
    [
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30", "2026-11-01T06:30"),
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:00", "2026-03-08T07:00"),
        ("America/New_York", "2026-03-08T02:00", "2026-03-08T07:00", "2026-03-08T07:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30", "2026-10-03T15:30"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00", "2011-12-30T10:00"),
        ("Europe/London", "2026-07-01T12:00", "2026-07-01T11:00", "2026-07-01T11:00"),
    ],
)
def test_a_typed_time_is_its_first_or_last_occurrence_or_the_end_of_the_gap(
    zone, wall, first, last
):
    local = datetime.fromisoformat(wall)
    assert instant_of(zone_named(zone), local) == utc(first)
    assert instant_of(zone_named(zone), local, last=True) == utc(last)
