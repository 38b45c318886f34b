"""Calendar files: what their rules mean, and what becomes of their people."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime, timedelta
from io import StringIO

import icalendar
import pytest
import recurring_ical_events
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from accounts.models import Override, Roster
from accounts.rules.calendar_files import CalendarFileError, shifts_in
from accounts.selectors.rosters import on_call
from accounts.services.roster_import import import_calendar
from config.lib.errors import DomainError

NEW_YORK = "TZID=America/New_York"
START, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)


def file(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//t//t//EN"]
    for number, event in enumerate(events):
        uid = "" if "UID:" in event else f"UID:e{number}\n"
        lines += ["BEGIN:VEVENT", *(uid + event).strip().splitlines(), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def told(content: bytes, **more):
    found = shifts_in(content, START, END, **more)
    return [f"{s.start:%m-%d %H:%M} {s.end:%m-%d %H:%M}" for s in found.shifts]


NIGHT = f"DTSTART;{NEW_YORK}:20261030T200000\nSUMMARY:Ana\nRRULE:FREQ=DAILY;COUNT=3\n"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        # over the change of 1 November: exactly 12 hours with DTEND, by the clock with DURATION
        (
            NIGHT + f"DTEND;{NEW_YORK}:20261031T080000",
            ["10-31 00:00 10-31 12:00", "11-01 00:00 11-01 12:00", "11-02 01:00 11-02 13:00"],
        ),
        (
            NIGHT + "DURATION:PT12H",
            ["10-31 00:00 10-31 12:00", "11-01 00:00 11-01 13:00", "11-02 01:00 11-02 13:00"],
        ),
        (
            NIGHT
            + f"DTEND;{NEW_YORK}:20261031T080000\nEXDATE;{NEW_YORK}:20261031T200000\nRDATE;{NEW_YORK}:20261110T200000",
            ["10-31 00:00 10-31 12:00", "11-02 01:00 11-02 13:00", "11-11 01:00 11-11 13:00"],
        ),
        (
            f"DTSTART;{NEW_YORK}:20261026T090000\nDTEND;{NEW_YORK}:20261026T170000\nRRULE:FREQ=WEEKLY;UNTIL=20261102T140000Z",
            ["10-26 13:00 10-26 21:00", "11-02 14:00 11-02 22:00"],
        ),
        ("DTSTART;VALUE=DATE:20261101\nDTEND;VALUE=DATE:20261102", ["11-01 04:00 11-02 05:00"]),
        ("DTSTART;VALUE=DATE:20261101", ["11-01 04:00 11-02 05:00"]),
        ("DTSTART:20261101T090000Z\nDURATION:PT1H", ["11-01 09:00 11-01 10:00"]),
        (NIGHT + "DURATION:PT12H\nSTATUS:CANCELLED", []),
    ],
)
def test_rules_recur_in_local_time_and_last_as_they_say(event, expected):
    assert told(file(event), days_in="America/New_York") == expected


def test_one_of_a_series_may_be_moved():
    series = "UID:s\nDTSTART:20261101T090000Z\nDTEND:20261101T100000Z\nRRULE:FREQ=DAILY;COUNT=3"
    moved = (
        "UID:s\nRECURRENCE-ID:20261102T090000Z\nDTSTART:20261102T150000Z\nDTEND:20261102T170000Z"
    )
    assert told(file(series, moved)) == [
        "11-01 09:00 11-01 10:00",
        "11-02 15:00 11-02 17:00",
        "11-03 09:00 11-03 10:00",
    ]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;BYDAY=MO,FR",
        "FREQ=DAILY;INTERVAL=3",
        "FREQ=MONTHLY;BYDAY=-1SU",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,MO",
        "FREQ=HOURLY;INTERVAL=8",
    ],
)
def test_a_second_reader_of_calendars_finds_the_same_beginnings(rule):
    content = file(f"DTSTART;{NEW_YORK}:20260907T093000\nDURATION:PT1H\nRRULE:{rule}")
    mine = {s.start for s in shifts_in(content, START, END).shifts}
    other = recurring_ical_events.of(icalendar.Calendar.from_ical(content)).between(START, END)
    assert mine == {event["DTSTART"].dt.astimezone(UTC) for event in other}
    assert mine


def test_clocks_that_change_between_two_shifts_are_told():
    nights = f"DTSTART;{NEW_YORK}:20261030T200000\nDTEND;{NEW_YORK}:20261031T080000\nRRULE:FREQ=DAILY;COUNT=3"
    days = f"DTSTART;{NEW_YORK}:20261030T080000\nDTEND;{NEW_YORK}:20261030T200000\nRRULE:FREQ=DAILY;COUNT=4"
    (warning,) = shifts_in(file(nights, days), START, END).warnings
    assert (
        warning
        == "Clocks change in America/New_York: nobody is planned 01 Nov 2026 12:00 to 13:00 UTC."
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"no calendar", "not_a_calendar"),
        (b"x" * 1_000_001, "too_large"),
        (file("DTSTART:20261101T090000\nDURATION:PT1H"), "floating_time"),
        (file("DTSTART;TZID=Mars/Olympus:20261101T090000\nDURATION:PT1H"), "floating_time"),
        (file("SUMMARY:Nothing"), "bad_event"),
        (file("DTSTART:20261101T090000Z\nDTEND:20261101T080000Z"), "bad_event"),
        (file("DTSTART:20261101T090000Z\nDURATION:PT1H\nRRULE:FREQ=SECONDLY"), "unsupported_rule"),
        (file("DTSTART:19700101T090000Z\nDURATION:PT1H\nRRULE:FREQ=HOURLY"), "unsupported_rule"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_code(content, code):
    with pytest.raises(CalendarFileError) as refused:
        shifts_in(content, START, END)
    assert refused.value.code == code


SERIES = file(NIGHT + f"DTEND;{NEW_YORK}:20261031T080000\nEXDATE;{NEW_YORK}:20261031T200000")
ODD = (
    b"",
    b"RRULE:FREQ=YEARLY;BYDAY=99MO",
    b"DTEND:x",
    b"RECURRENCE-ID:9",
    b"EXDATE:20261301",
    b"RDATE;VALUE=PERIOD:20261101T090000Z/PT1H",
    b"DTSTART:00010101T000000Z",
    b"DURATION:P99999999W",
    b"RRULE:FREQ=DAILY;UNTIL=1;COUNT=-1",
    b"DTSTART:99991231T235959Z",
    b"\xff\xfe",
    b"RRULE:",
    b"ATTENDEE",
    b"DTSTART;TZID=/x:20261101T000000",
    b"BEGIN:VEVENT",
    b"END:VCALENDAR",
    b"RRULE:FREQ=DAILY;INTERVAL=0",
    b"RRULE:FREQ=MONTHLY;BYMONTHDAY=99",
)


@pytest.mark.parametrize("odd", ODD)
def test_no_line_breaks_the_reader(odd):
    lines = SERIES.split(b"\r\n")
    for place in range(len(lines)):
        for content in (
            lines[:place] + [odd] + lines[place:],
            lines[:place] + [odd] + lines[place + 1 :],
        ):
            try:
                shifts_in(b"\r\n".join(content), START, END, floating_in="UTC")
            except CalendarFileError as refused:
                assert refused.code


def test_floating_times_are_read_in_the_zone_that_is_named():
    content = file("DTSTART:20261101T090000\nDURATION:PT1H")
    assert told(content, floating_in="Europe/London") == ["11-01 09:00 11-01 10:00"]


PLAN = file(
    "DTSTART:20261120T090000Z\nDURATION:PT8H\nATTENDEE:mailto:agent2@demo.belay.example\nSUMMARY:Late",
    "DTSTART:20261121T090000Z\nDURATION:PT8H\nSUMMARY:Priya Nair on call",
    "DTSTART:20261122T090000Z\nDURATION:PT8H\nATTENDEE:mailto:gone@elsewhere.example\nSUMMARY:Gone",
)


def test_shifts_become_stand_ins_once_and_nobody_is_shown_as_a_gap(company, at):
    roster, duty = Roster.objects.get(code="primary"), company["duty"]
    looked = import_calendar(roster, PLAN, by=duty, at=at)
    assert not Override.objects.exists()
    assert (looked.new, looked.gaps, len(looked.rows)) == (2, 1, 3)
    assert [row.said for row in looked.rows if row.person is None] == ["gone@elsewhere.example"]
    for expected in (2, 0):
        done = import_calendar(roster, PLAN, by=duty, at=at, is_dry_run=False)
        assert done.new == expected
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert on_call(roster, noon, at).person == company["senior"].pk
    with pytest.raises(DomainError) as refused:
        import_calendar(roster, PLAN, by=company["agent"], at=at)
    assert refused.value.code == "not_your_roster"


def test_a_shift_of_nobody_known_is_a_gap_until_somebody_is_known_or_covers_it(company, at):
    roster, duty = Roster.objects.get(code="primary"), company["duty"]
    import_calendar(roster, PLAN, by=duty, at=at, is_dry_run=False)
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert on_call(roster, noon, at - timedelta(hours=1)).person is not None
    found = on_call(roster, noon, at)
    assert (found.person, found.source) == (None, "gap (nobody known)")
    company["senior"].email = "gone@elsewhere.example"
    company["senior"].save()
    later = at + timedelta(hours=1)
    done = import_calendar(roster, PLAN, by=duty, at=later, is_dry_run=False)
    assert (done.new, done.gaps) == (1, 0)
    assert on_call(roster, noon, later).person == company["senior"].pk
    assert on_call(roster, noon, at).person is None
    assert not Override.objects.filter(user=None, withdrawn_at=None).exists()


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU;COUNT=5",  # from a Monday on: never
        "FREQ=HOURLY;INTERVAL=336;BYDAY=TU",
        "FREQ=MONTHLY;INTERVAL=6;BYMONTH=2",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;COUNT=3",
        "FREQ=HOURLY;INTERVAL=24;BYDAY=MO;BYMONTH=2;BYMONTHDAY=29",
    ],
)
def test_a_rule_that_hardly_ever_comes_true_costs_little(rule):
    begun = "DTSTART:20200106T090000Z\nDURATION:PT1H\nSUMMARY:x\nRRULE:"
    started = time.process_time()
    with contextlib.suppress(CalendarFileError):
        shifts_in(file(*[begun + rule] * 40), START, END)
    assert time.process_time() - started < 3


def test_many_hourly_rules_are_refused_together():
    begun = "DTSTART:20200106T090000Z\nDURATION:PT1H\nSUMMARY:x\nRRULE:FREQ=HOURLY;BYMONTH=2"
    with pytest.raises(CalendarFileError) as refused:
        shifts_in(file(*[begun + ";BYMONTHDAY=29;BYDAY=MO"] * 40), START, END)
    assert refused.value.code == "unsupported_rule"


def test_the_page_looks_first_and_records_when_told(company, client, travel, at):
    travel.to(at)
    client.force_login(company["duty"])
    url = "/rosters/primary/import/"
    assert client.get(url).status_code == 200
    answer = client.post(url, {"file": SimpleUploadedFile("plan.ics", PLAN)})
    assert "3 shifts, 2 new, 1 gap" in answer.text
    assert not Override.objects.exists()
    client.post(url, {"file": SimpleUploadedFile("plan.ics", PLAN), "write": "1"})
    assert Override.objects.count() == 3
    page = client.get("/rosters/primary/")
    assert "Nobody known stands in" in page.text
    assert [gap.why for gap in page.context["page"].gaps] == [
        "Nobody fits the name in the calendar file."
    ]
    assert "nobody fits gone@elsewhere.example" in page.text
    assert client.post(url, {"file": SimpleUploadedFile("p.ics", b"no")}).status_code == 400
    assert client.post(url, {}).status_code == 400


def test_the_command_says_each_shift_and_fails_with_a_sentence(company, tmp_path):
    path = tmp_path / "plan.ics"
    later = datetime.now(UTC) + timedelta(days=3)
    path.write_bytes(file(f"DTSTART:{later:%Y%m%dT%H%M%SZ}\nDURATION:PT8H\nSUMMARY:agent2"))
    out = StringIO()
    call_command("import_roster", "primary", str(path), by="duty", stdout=out)
    assert "1 would be recorded, 0 gaps, of 1 shifts." in out.getvalue()
    call_command("import_roster", "primary", str(path), by="duty", write=True, stdout=out)
    assert Override.objects.count() == 1
    with pytest.raises(CommandError, match="not_your_roster"):
        call_command("import_roster", "primary", str(path), by="agent")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_roster", "primary", str(tmp_path / "none.ics"), by="duty")
