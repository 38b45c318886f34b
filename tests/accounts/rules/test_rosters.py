import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules.rosters import (
    Absence,
    Duty,
    Layer,
    Override,
    RosterError,
    on_call,
    shifts,
)
from tests.accounts.rules.minutes import ODD_DAYS, day_windows, first_minute
from tests.examples import examples

HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def weekly(*people, **changes) -> Layer:
    given = {
        "zone": "America/New_York",
        "start_date": date(2026, 11, 16),
        "handoff": time(9),
        "unit": "week",
    }
    return Layer(people=people, **(given | changes))


@st.composite
def rosters(draw):
    _, day = draw(st.sampled_from(ODD_DAYS))
    first = first_minute(day)
    layers = []
    for _ in range(draw(st.integers(1, 3))):
        zone, _ = draw(st.sampled_from(ODD_DAYS))
        restrict = None
        if draw(st.booleans()):
            windows = draw(day_windows(2))
            restrict = dict.fromkeys(("mon", "tue", "wed", "thu", "sat"), windows)
        layers.append(
            Layer(
                zone=zone,
                start_date=first.date() + timedelta(days=draw(st.integers(-70, 2))),
                handoff=time(draw(st.integers(0, 23)), draw(st.sampled_from((0, 15, 30)))),
                unit=draw(st.sampled_from(("hour", "day", "week", "month"))),
                every=draw(st.integers(1, 12)),
                people=tuple(draw(st.lists(st.sampled_from("ABCD"), min_size=1, max_size=3))),
                restrict=restrict,
            )
        )

    def periods(kind):
        drawn = draw(
            st.lists(
                st.tuples(st.integers(0, 96), st.integers(1, 40), st.sampled_from("ABCD")),
                max_size=2,
            )
        )
        return [kind(first + a * HOUR, first + (a + n) * HOUR, who) for a, n, who in drawn]

    return layers, periods(Override), periods(Absence), first


@examples(80)
@given(rosters(), st.lists(st.integers(0, 5 * 1440 * 60 - 1), min_size=20, max_size=20))
def test_on_call_and_shifts_give_one_answer_at_every_instant(roster, seconds):
    layers, overrides, absences, first = roster
    found = shifts(layers, overrides, absences, first, first + timedelta(days=5))
    assert found[0].start == first
    assert found[-1].end == first + timedelta(days=5)
    for one, next_one in itertools.pairwise(found):
        assert one.start < one.end == next_one.start
        assert one.duty != next_one.duty
    instants = [first + timedelta(seconds=second) for second in seconds]
    instants += [shift.start for shift in found]
    instants += [shift.end - timedelta(microseconds=1) for shift in found]
    for at in instants:
        (shift,) = (each for each in found if each.start <= at < each.end)
        assert on_call(layers, overrides, absences, at) == shift.duty


@examples(60)
@given(
    st.sampled_from(ODD_DAYS),
    st.sampled_from(("day", "week", "month")),
    st.integers(1, 3),
    st.times(),
    st.integers(0, 30),
)
def test_a_handoff_shows_its_civil_time_wherever_that_exists(odd, unit, every, clock, k):
    zone, day = odd
    layer = Layer(
        zone=zone,
        start_date=first_minute(day).date(),
        handoff=clock,
        unit=unit,
        every=every,
        people=("A",),
    )
    at = layer.handoff_at(k)
    wall = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if wall.time() != clock:
        # Only in a gap, and then just before it the wall showed an earlier time than wanted.
        before = (at - timedelta(microseconds=1)).astimezone(ZoneInfo(zone))
        wanted = wall.replace(
            hour=clock.hour, minute=clock.minute, second=clock.second, microsecond=clock.microsecond
        )
        assert before.utcoffset() != at.astimezone(ZoneInfo(zone)).utcoffset()
        assert before.replace(tzinfo=None) < wanted or before.date() < wall.date()
    assert layer.shift_number(at) >= k  # two hand-offs meet when a civil day never happened
    assert layer.shift_number(at - timedelta(microseconds=1)) < k


def test_weekly_shifts_last_167_and_169_hours_over_clock_changes_oncall_5247():
    layer = weekly("A", start_date=date(2026, 3, 2))
    lengths = {(layer.handoff_at(k + 1) - layer.handoff_at(k)) / HOUR for k in range(40)}
    assert lengths == {167, 168, 169}


def test_a_monthly_handoff_on_the_31st_does_not_drift_goalert():
    layer = weekly("A", start_date=date(2027, 1, 31), unit="month")
    days = [layer.handoff_at(k).date().day for k in range(13)]
    assert days == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31]


def test_follow_the_sun_hands_over_every_eight_civil_hours():
    layer = weekly("A", "B", "C", start_date=date(2026, 10, 31), unit="hour", every=8)
    walls = [layer.handoff_at(k).astimezone(ZoneInfo(layer.zone)).hour for k in range(6)]
    assert walls == [9, 17, 1, 9, 17, 1]


def test_nobody_is_on_duty_before_the_first_handoff():
    layer = weekly("A", "B")
    assert on_call([layer], [], [], utc("2026-11-16T13:59")) == Duty(None, "gap")
    assert on_call([layer], [], [], utc("2026-11-16T14:00")) == Duty("A", "layer1")


def test_an_absent_person_makes_room_for_the_layer_below():
    layers = [weekly("A"), weekly("X")]
    at = utc("2026-11-18T12:00")
    x_away = Absence(at - HOUR, at + HOUR, "X")
    a_away = Absence(at - HOUR, at + HOUR, "A")
    assert on_call(layers, [], [], at) == Duty("X", "layer2")
    assert on_call(layers, [], [x_away], at) == Duty("A", "layer1")
    assert on_call(layers, [], [x_away, a_away], at) == Duty(None, "gap (away: X, A)")
    assert on_call(layers, [], [x_away], x_away.end) == Duty("X", "layer2")


def test_an_absent_override_falls_back_to_the_older_one_then_to_the_layers():
    at = utc("2026-11-18T12:00")
    overrides = [Override(at - HOUR, at + HOUR, "C"), Override(at - HOUR, at + HOUR, "D")]
    away = [Absence(at - HOUR, at + HOUR, who) for who in "DC"]
    assert on_call([weekly("A")], overrides, [], at).person == "D"
    assert on_call([weekly("A")], overrides, away[:1], at) == Duty("C", "override")
    assert on_call([weekly("A")], overrides, away, at) == Duty("A", "layer1")


def test_people_may_be_anything_hashable():
    assert on_call([weekly(7, 8)], [], [], utc("2026-11-24T12:00")).person == 8


def test_a_single_person_has_one_long_shift_and_gaps_are_listed():
    found = shifts([weekly("A")], [], [], utc("2026-11-16T13:00"), utc("2026-12-16T13:00"))
    assert [(shift.person, shift.source) for shift in found] == [(None, "gap"), ("A", "layer1")]


def test_an_empty_period_has_no_shifts():
    at = utc("2026-11-16T13:00")
    assert shifts([weekly("A")], [], [], at, at) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"zone": "Mars/Olympus"}, "unknown_zone"),
        ({"unit": "fortnight"}, "unknown_unit"),
        ({"every": 0}, "bad_every"),
        ({"people": ()}, "no_people"),
    ],
)
def test_a_rotation_that_cannot_be_is_refused_with_a_code(changes, code):
    people = changes.pop("people", ("A",))
    with pytest.raises(RosterError) as refused:
        weekly(*people, **changes)
    assert refused.value.code == code
