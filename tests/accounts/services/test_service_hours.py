"""Service hours change by versions that a person publishes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.models import ServiceHours
from accounts.rules.holidays import HolidayError, in_file, of_country
from accounts.rules.hours_checks import split_at_midnight, warnings
from accounts.selectors.service_hours import calendar_of
from accounts.services.service_hours import publish_hours
from config.lib.errors import DomainError

OFFICE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


@pytest.fixture
def publish(company, at):
    hours = ServiceHours.objects.create(code="berlin", name="Berlin")

    def act(**given):
        values = {
            "zone": "Europe/Berlin",
            "weekly": OFFICE,
            "dates": {},
            "effective_from": at,
            "reason": "First hours",
        }
        return publish_hours(hours, **values | given, by=company["governor"], at=at)

    return act


def test_a_change_is_a_new_version_with_its_reason_and_its_author(publish, company, at):
    first = publish()
    second = publish(
        weekly={"mon": [["22:00", "06:00"]]}, effective_from=at + timedelta(days=1), reason="Nights"
    )
    assert (first.number, second.number) == (1, 2)
    assert second.weekly == {"mon": [["22:00", "24:00"]], "tue": [["00:00", "06:00"]]}
    told = second.history.get()
    assert (told.history_user, told.history_change_reason) == (company["governor"], "Nights")
    first.refresh_from_db()
    assert first.weekly == OFFICE


def test_places_follow_the_sun(publish, at):
    singapore = {"tz": "Asia/Singapore", "weekly": OFFICE, "dates": {}}
    calendar = calendar_of(publish(places=[singapore]).pk)
    tuesday = datetime(2026, 11, 17, tzinfo=UTC)
    open_hours = calendar.elapsed_us(tuesday, tuesday + timedelta(days=1)) / 3_600_000_000
    assert open_hours == 15  # 01-09 in Singapore and 08-16 UTC in Berlin, one hour in both


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"reason": " "}, "reason_missing"),
        ({"weekly": {}, "dates": {"2026-12-25": []}}, "never_opens"),
        ({"weekly": {"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}}, "overlapping_windows"),
        ({"weekly": {"noday": []}}, "unknown_day"),
        ({"zone": "Mars/Base"}, "unknown_zone"),
        ({"places": [{"tz": "Asia/Singapore", "weekly": {"mon": [["9", "10"]]}}]}, "bad_window"),
    ],
)
def test_hours_that_cannot_be_are_refused_and_nothing_is_stored(publish, given, code):
    with pytest.raises(DomainError) as error:
        publish(**given)
    assert error.value.code == code
    assert not ServiceHours.objects.get(code="berlin").versions.exists()


def test_what_passed_is_not_rewritten(publish, at):
    publish(effective_from=at + timedelta(days=2))
    for effective, code in (
        (at - timedelta(seconds=1), "effective_in_the_past"),
        (at + timedelta(days=1), "effective_before_another"),
        (at + timedelta(days=2), "effective_before_another"),
    ):
        with pytest.raises(DomainError) as error:
            publish(effective_from=effective)
        assert error.value.code == code


def test_a_list_of_holidays_that_ends_soon_is_told(at):
    def told(**given):
        return warnings({"tz": "Europe/Berlin", "weekly": OFFICE, **given}, at)

    assert told() == ["No holidays are listed for Europe/Berlin: every day counts as any other."]
    assert "within 90 days" in told(dates={"2026-12-25": []})[0]
    assert told(dates={"2027-02-16": []}) == []
    assert warnings({"24x7": True, "tz": "UTC"}, at) == []


def test_windows_over_midnight_are_split_in_order():
    weekly = {"sun": [["22:00", "06:00"]], "mon": [["08:00", "00:00"]]}
    assert split_at_midnight(weekly) == {
        "mon": [["00:00", "06:00"], ["08:00", "24:00"]],
        "sun": [["22:00", "24:00"]],
    }


def test_public_holidays_are_proposed_by_country_and_region():
    named = {each.on: each.name for each in of_country("DE", "BY", range(2026, 2027)).holidays}
    assert named[date(2026, 12, 25)] == "Christmas Day"
    assert date(2026, 1, 6) in named  # Epiphany is one in Bavaria
    assert date(2026, 1, 6) not in {
        each.on for each in of_country("DE", "BE", range(2026, 2027)).holidays
    }
    for country, region, code in (("XX", "", "unknown_country"), ("DE", "XX", "unknown_region")):
        with pytest.raises(HolidayError) as error:
            of_country(country, region, range(2026, 2027))
        assert error.value.code == code


FEED = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VEVENT
UID:1
SUMMARY:Christmas
DTSTART;VALUE=DATE:20201225
DTEND;VALUE=DATE:20201227
RRULE:FREQ=YEARLY
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Town meeting
DTSTART:20261120T100000Z
END:VEVENT
BEGIN:VEVENT
UID:3
SUMMARY:St. Martin's day
DTSTART;VALUE=DATE:20261111
END:VEVENT
END:VCALENDAR
"""


def test_a_feed_proposes_its_whole_days_and_says_what_it_leaves_out():
    found = in_file(FEED.replace(b"\n", b"\r\n"), date(2026, 11, 1), date(2027, 12, 31))
    assert [(str(each.on), each.name) for each in found.holidays] == [
        ("2026-11-11", "St. Martin's day"),
        ("2026-12-25", "Christmas"),
        ("2026-12-26", "Christmas"),
        ("2027-12-25", "Christmas"),
        ("2027-12-26", "Christmas"),
    ]
    assert found.left_out == ("Town meeting: has hours, so it closes no whole day.",)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not_ics"),
        (b"a,b\n1,2\n", "not_ics"),
        (b"\x00\xff\xfe", "not_ics"),
        (b"x" * 1_000_001, "too_large"),
    ],
)
def test_a_file_that_is_no_feed_is_refused(content, code):
    with pytest.raises(HolidayError) as error:
        in_file(content, date(2026, 1, 1), date(2027, 1, 1))
    assert error.value.code == code
