from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accounts.rules.fairness import Page, balance, gini, load_of, over_mean

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
PERIOD = 90 * DAY


@pytest.mark.parametrize(
    ("hours", "expected", "unequal"),
    [
        ((120, 100, 60), 0.644, 0.143),
        ((100, 100), 1.0, 0.0),
        ((100, 0), 0.0, 0.5),
        ((0, 0), 1.0, 0.0),
        ((5,), 1.0, 0.0),
        ((), 1.0, 0.0),
    ],
)
def test_balance_is_the_mean_over_pairs_of_the_smaller_over_the_larger(hours, expected, unequal):
    assert round(balance(hours), 3) == expected
    assert round(gini(hours), 3) == unequal


def test_who_carries_over_125_per_cent_of_the_mean_is_named():
    assert over_mean({"A": 120, "B": 100, "C": 60}) == {"A"}
    assert over_mean({"A": 125, "B": 75}) == set()
    assert over_mean({}) == set()


def pages(*offsets, incident=None):
    return [Page(MONDAY + each * HOUR, incident or n) for n, each in enumerate(offsets)]


def test_nights_and_weekends_are_those_of_the_person():
    week = [(MONDAY, MONDAY + 7 * DAY)]
    here = load_of(week, [], "UTC", PERIOD)
    assert (here.hours, here.weekend_hours, here.night_hours) == (168, 48, 63)
    away = load_of([(MONDAY, MONDAY + 7 * HOUR)], [], "Asia/Singapore", PERIOD)
    assert (away.night_hours, away.hours) == (0, 7)  # 08:00 to 15:00 there


@pytest.mark.parametrize(
    ("spans", "paged", "flags", "score"),
    [
        # a week in a quarter: 7.8 % of the time, seven days in a row
        ([(0, 7)], (), (), 18),
        ([(0, 8)], (), ("8 days on call in a row",), 19),
        ([(0, 7), (12, 14)], (), ("2 weekends in a row",), 20),
        (
            [(0, 30)],
            (),
            ("on call 33% of the time", "30 days on call in a row", "4 weekends in a row"),
            35,
        ),
        # three nights, each a page at 02:00
        ([(0, 7)], (2, 26, 50), ("3 night pages in 7 days",), 45),
        # paged at 02:00 and again at 08:00: no rest
        ([(0, 7)], (2, 8), ("under 11 hours of rest after a night page, 1 times",), 36),
    ],
)
def test_strain_is_scored_and_says_why(spans, paged, flags, score):
    found = load_of(
        [(MONDAY + a * DAY, MONDAY + b * DAY) for a, b in spans], pages(*paged), "UTC", PERIOD
    )
    assert found.flags == flags
    assert found.score == pytest.approx(score, abs=1)


def test_more_than_two_incidents_in_twelve_hours_is_too_much():
    day = [(MONDAY, MONDAY + DAY)]
    assert load_of(day, pages(8, 9, 10, 11), "UTC", PERIOD).incidents_per_shift == 2
    five = load_of(day, pages(8, 9, 10, 11, 12), "UTC", PERIOD)
    assert five.flags == ("2.5 incidents in 12 hours",)
    assert load_of(day, pages(8, 9, 10, 11, 12, incident=7), "UTC", PERIOD).flags == ()


def test_at_worst_the_score_is_100_and_red():
    span = [(MONDAY, MONDAY + 60 * DAY)]
    # four a day, each an incident of its own, would take 240; a short duty will do
    found = load_of(span, pages(*range(0, 60 * 24, 3)), "UTC", PERIOD)
    assert (found.score, found.level) == (100, "red")
    assert load_of([], [], "UTC", PERIOD).score == 0
