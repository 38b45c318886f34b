"""The local hours in which a person is not woken, also on days whose clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.rules.quiet_hours import quiet_until
from tests.examples import examples

NIGHT = ("22:00", "07:00")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


CASES = [
    # an ordinary night, its ends, and an afternoon
    ("Europe/Paris", NIGHT, "01-10 02:00", "01-10 06:00"),
    ("Europe/Paris", NIGHT, "01-10 20:59:59", None),
    ("Europe/Paris", NIGHT, "01-10 21:00", "01-11 06:00"),
    ("Europe/Paris", NIGHT, "01-10 23:30", "01-11 06:00"),
    ("Europe/Paris", NIGHT, "01-10 06:00", None),
    ("UTC", ("13:00", "15:00"), "01-10 14:59", "01-10 15:00"),
    ("UTC", ("13:00", "15:00"), "01-10 15:00", None),
    ("UTC", ("00:00", "06:00"), "01-10 00:00", "01-10 06:00"),
    ("UTC", ("18:00", "00:00"), "01-10 23:00", "01-11 00:00"),
    ("Asia/Kolkata", NIGHT, "01-10 16:30", "01-11 01:30"),
    ("Pacific/Kiritimati", NIGHT, "01-10 08:00", "01-10 17:00"),
    # Paris skips 02:00-03:00 on 29 March and has it twice on 25 October
    ("Europe/Paris", NIGHT, "03-28 22:00", "03-29 05:00"),
    ("Europe/Paris", ("22:00", "02:30"), "03-29 00:30", "03-29 01:00"),
    ("Europe/Paris", ("22:00", "02:30"), "03-29 01:00", None),
    ("Europe/Paris", ("02:30", "05:00"), "03-29 01:00", "03-29 03:00"),
    ("Europe/Paris", ("02:10", "02:50"), "03-29 00:59", None),
    ("Europe/Paris", ("02:10", "02:50"), "03-29 01:00", None),
    ("Europe/Paris", NIGHT, "10-24 22:00", "10-25 06:00"),
    ("Europe/Paris", ("22:00", "02:30"), "10-25 00:15", "10-25 01:30"),
    ("Europe/Paris", ("22:00", "02:30"), "10-25 00:45", "10-25 01:30"),
    ("Europe/Paris", ("22:00", "02:30"), "10-25 01:29", "10-25 01:30"),
    ("Europe/Paris", ("22:00", "02:30"), "10-25 01:30", None),
    # Lord Howe moves by half an hour: 02:00-02:30 is skipped on 4 October, 01:30-02:00 twice on
    # 5 April
    ("Australia/Lord_Howe", ("22:00", "02:15"), "10-03 15:00", "10-03 15:30"),
    ("Australia/Lord_Howe", ("22:00", "02:15"), "10-03 15:30", None),
    ("Australia/Lord_Howe", NIGHT, "10-03 15:30", "10-03 20:00"),
    ("Australia/Lord_Howe", ("22:00", "01:45"), "04-04 14:40", "04-04 15:15"),
    ("Australia/Lord_Howe", ("22:00", "01:45"), "04-04 14:50", "04-04 15:15"),
    ("Australia/Lord_Howe", ("01:45", "07:00"), "04-04 15:05", "04-04 20:30"),
    # Cairo skips 00:00-01:00 on 24 April and has 23:00-24:00 of 29 October twice
    ("Africa/Cairo", ("22:00", "00:30"), "04-23 21:00", "04-23 22:00"),
    ("Africa/Cairo", ("22:00", "00:30"), "04-23 22:00", None),
    ("Africa/Cairo", ("00:30", "06:00"), "04-23 22:00", "04-24 03:00"),
    ("Africa/Cairo", ("23:30", "06:00"), "10-29 20:29", None),
    ("Africa/Cairo", ("23:30", "06:00"), "10-29 20:45", "10-30 04:00"),
    ("Africa/Cairo", ("23:30", "06:00"), "10-29 21:15", "10-30 04:00"),
    # Samoa had no 30 December 2011; in 2026 it is only far east
    ("Pacific/Apia", NIGHT, "01-10 09:00", "01-10 18:00"),
]


@pytest.mark.parametrize(("zone", "hours", "at", "end"), CASES)
def test_until_when_somebody_sleeps(zone, hours, at, end):
    start, stop = (time.fromisoformat(hour) for hour in hours)
    assert quiet_until(zone, start, stop, utc(at)) == (end and utc(end))


ZONES = ["UTC", "Europe/Paris", "Australia/Lord_Howe", "Africa/Cairo", "America/St_Johns"]


@examples(200)
@given(
    st.sampled_from(ZONES),
    st.integers(0, 95),
    st.integers(4, 48),
    st.integers(0, 730 * 96),
    st.floats(0, 0.999),
)
def test_who_sleeps_until_an_instant_sleeps_at_every_one_before_it(zone, first, length, slot, part):
    start, stop = (time(q % 96 // 4, q % 4 * 15) for q in (first, first + length))
    at = utc("01-01") + slot * timedelta(minutes=15)
    end = quiet_until(zone, start, stop, at)
    wall = at.astimezone(ZoneInfo(zone)).time()
    is_quiet = start <= wall < stop if start < stop else wall >= start or wall < stop
    if end is None:
        assert not is_quiet
        return
    assert at < end <= at + timedelta(hours=14)
    assert quiet_until(zone, start, stop, at + (end - at) * part) == end
    assert quiet_until(zone, start, stop, end) is None
