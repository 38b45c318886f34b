from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules.service_hours import ALWAYS, Calendar
from escalations.rules.cadence import cadence_state
from escalations.rules.clock_events import ClockEvent, RunState
from tests.accounts.rules.minutes import ODD_DAYS, first_minute, hours_in, open_minutes
from tests.escalations.rules.stepper import walk_cadence
from tests.examples import examples

MINUTE_US = 60_000_000
HALF_HOUR = 30 * MINUTE_US
TICK = timedelta(microseconds=1)
DAYS = 6
NINE_TO_FIVE = Calendar.of(
    {"tz": "UTC", "weekly": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "fri")}}
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat("2026-11-17T" + text).replace(tzinfo=UTC)


def state_at(at, *log, interval_us=HALF_HOUR, calendar=ALWAYS):
    events = [
        ClockEvent(utc(when), type_, seq, **(fields[0] if fields else {}))
        for seq, (when, type_, *fields) in enumerate(log)
    ]
    at = utc(at) if isinstance(at, str) else at
    return cadence_state(events, interval_us=interval_us, calendar=calendar, at=at)


@st.composite
def logs(draw):
    zone, day = draw(st.sampled_from(ODD_DAYS))
    specs = {"first": draw(hours_in(zone, day)), "always": {"24x7": True}}
    start = draw(st.integers(0, 2000))
    events = [{"at": start, "type": "start", "seq": 0}]
    types = ["update", "update", "update", "stop", "reopen", "interval", "start"]
    for seq in range(1, draw(st.integers(0, 8)) + 1):
        made = {"at": start + draw(st.integers(0, 300)) * 10, "seq": seq}
        made["type"] = draw(st.sampled_from(types))
        if made["type"] == "interval":
            made["interval"] = draw(st.integers(1, 30)) * 10
            made["calendar"] = draw(st.sampled_from([None, "first", "always"]))
        events.append(made)
    return specs, day, events, start + draw(st.integers(0, 320)) * 10


@examples(120)
@given(logs(), st.integers(1, 30).map(lambda tens: tens * 10))
def test_a_cadence_equals_a_minute_by_minute_walk(drawn, interval):
    specs, day, events, at = drawn
    first = first_minute(day)
    tables = {name: open_minutes(spec, day, DAYS) for name, spec in specs.items()}
    calendars = {name: Calendar.of(spec) for name, spec in specs.items()}
    on_time, missed = walk_cadence(events, tables, "first", interval, at)
    state = cadence_state(
        [
            ClockEvent(
                first + timedelta(minutes=made["at"]),
                made["type"],
                made["seq"],
                interval_us=made["interval"] * MINUTE_US if "interval" in made else None,
                calendar=calendars[made["calendar"]] if made.get("calendar") else None,
            )
            for made in events
        ],
        interval_us=interval * MINUTE_US,
        calendar=calendars["first"],
        at=first + timedelta(minutes=at),
    )
    assert state.on_time == on_time
    assert list(state.missed_at) == [first + timedelta(minutes=minute) for minute in missed]


def test_an_update_exactly_on_time_counts_and_a_microsecond_later_is_one_miss():
    on_time = state_at("12:40", ("12:00", "start"), ("12:30", "update"))
    assert (on_time.on_time, on_time.missed) == (1, 0)
    late = cadence_state(
        [ClockEvent(utc("12:00"), "start"), ClockEvent(utc("12:30") + TICK, "update")],
        interval_us=HALF_HOUR,
        calendar=ALWAYS,
        at=utc("12:40"),
    )
    assert (late.on_time, late.missed_at) == (1, (utc("12:30"),))


def test_a_miss_is_known_one_microsecond_after_late_after():
    waiting = state_at("12:30", ("12:00", "start"))
    assert (waiting.missed, waiting.late_after) == (0, utc("12:30"))
    assert state_at(waiting.late_after + TICK, ("12:00", "start")).missed == 1


def test_due_at_closing_time_may_be_kept_until_the_next_opening():
    log = [("16:30", "start")]
    waiting = state_at("20:00", *log, calendar=NINE_TO_FIVE)
    assert waiting.next_due_at == utc("17:00")
    assert waiting.late_after == utc("09:00") + timedelta(days=1)
    assert waiting.missed == 0
    kept = state_at("23:00", *log, ("21:00", "update"), calendar=NINE_TO_FIVE)
    assert (kept.on_time, kept.missed) == (1, 0)


def test_an_agents_update_restarts_the_interval_zammad_3140():
    state = state_at("12:40", ("12:00", "start"), ("12:20", "update"))
    assert (state.next_due_at, state.missed) == (utc("12:50"), 0)
    assert state.last_update_at == utc("12:20")


def test_nothing_is_missed_after_the_stop_and_what_was_missed_stays():
    state = state_at("20:00", ("12:00", "start"), ("12:40", "stop"))
    assert state.run_state is RunState.STOPPED
    assert (state.missed_at, state.adherence) == ((utc("12:30"),), 0.0)
    assert (state.next_due_at, state.late_after) == (None, None)


def test_a_reopened_incident_starts_a_new_interval():
    state = state_at("15:10", ("12:00", "start"), ("12:20", "stop"), ("15:00", "reopen"))
    assert (state.run_state, state.missed, state.next_due_at) == ("running", 0, utc("15:30"))


def test_a_cancelled_cadence_expects_nothing():
    state = state_at("20:00", ("12:00", "start"), ("12:10", "cancel"))
    assert (state.run_state, state.missed, state.next_due_at) == ("cancelled", 0, None)
    assert state.adherence is None


def test_a_longer_interval_keeps_the_last_update_as_its_beginning():
    hour = {"interval_us": 2 * HALF_HOUR}
    state = state_at("12:40", ("12:00", "start"), ("12:20", "interval", hour))
    assert (state.missed, state.next_due_at) == (0, utc("13:00"))


def test_new_hours_keep_what_has_elapsed():
    change = {"calendar": NINE_TO_FIVE, "mode": "adopt_forward"}
    log = [("16:30", "start"), ("16:50", "calendar_change", change)]
    state = state_at("16:55", *log, interval_us=2 * HALF_HOUR)
    assert state.next_due_at == utc("09:30") + timedelta(days=1)
    pinned = {"calendar": NINE_TO_FIVE, "mode": "pin"}
    state = state_at("16:55", log[0], ("16:50", "calendar_change", pinned))
    assert state.next_due_at == utc("17:00")


def test_an_interval_of_nothing_is_refused():
    with pytest.raises(ValueError, match="interval"):
        state_at("12:00", ("12:00", "start"), interval_us=0)
