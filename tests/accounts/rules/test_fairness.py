from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accounts.rules.fairness import Limits, Page, balance, gini, load_of, over_mean

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


# Of 90 days: each share of the score by itself, at its limit and at half of it (25/25/25/15/10).
@pytest.mark.parametrize(
    ("limits", "score"),
    [
        ({}, 100),
        ({"share": 2 / 3}, 88),  # 30 of 90 days are half of that
        ({"incidents_per_shift": 8}, 88),  # four in 12 hours
        ({"night_pages": 42}, 88),  # three a night, 21 in seven days
        ({"broken_rests": 178}, 93),  # all of 90 night pages but the last broke a rest
        ({"days_in_row": 60}, 95),
        ({"share": 2 / 3, "incidents_per_shift": 8, "night_pages": 42}, 63),
        (
            {"share": 2 / 3, "incidents_per_shift": 8, "night_pages": 42}
            | {"broken_rests": 178, "days_in_row": 60},
            50,
        ),
    ],
)
def test_each_part_of_the_score_has_its_weight_and_its_limit(limits, score):
    # 30 days, a page every three hours, at 22, 1 and 4 among them: 90 at night of 240
    paged = pages(*range(1, 30 * 24, 3))
    found = load_of([(MONDAY, MONDAY + 30 * DAY)], paged, "UTC", PERIOD, Limits(**limits))
    assert found.score == score


DUTY = [(MONDAY, MONDAY + 14 * DAY)]


@pytest.mark.parametrize(
    ("at_limit", "beyond", "paged", "words"),
    [
        ({"share": 14 / 90}, {"share": 0.15}, (), "on call 16% of the time"),
        (
            {"incidents_per_shift": 1},
            {"incidents_per_shift": 0.99},
            tuple(range(8, 14 * 24, 12)),
            "1.0 incidents in 12 hours",
        ),
        ({"night_pages": 3}, {"night_pages": 2}, (2, 26), "2 night pages in 7 days"),
        (
            {"rest": 6 * HOUR},
            {"rest": 7 * HOUR},
            (2, 8),
            "under 7 hours of rest after a night page, 1 times",
        ),
        ({"days_in_row": 14}, {"days_in_row": 13}, (), "14 days on call in a row"),
        ({"weekends_in_row": 3}, {"weekends_in_row": 2}, (), "2 weekends in a row"),
    ],
)
def test_each_flag_follows_its_limit(at_limit, beyond, paged, words):
    calm = {"share": 1.0, "incidents_per_shift": 99, "night_pages": 99, "rest": 2 * HOUR}
    calm |= {"days_in_row": 99, "weekends_in_row": 99}

    def flags(limits):
        return load_of(DUTY, pages(*paged), "UTC", PERIOD, Limits(**(calm | limits))).flags

    assert flags(at_limit) == ()
    assert flags(beyond) == (words,)


@pytest.mark.parametrize(
    ("limits", "level"),
    [
        ({}, "green"),
        ({"amber": 35}, "amber"),
        ({"amber": 36}, "green"),
        ({"amber": 20, "red": 35}, "red"),
    ],
)
def test_levels_are_those_of_the_limits(limits, level):
    found = load_of([(MONDAY, MONDAY + 30 * DAY)], [], "UTC", PERIOD, Limits(**limits))
    assert (found.score, found.level) == (35, level)


def test_over_the_mean_is_what_the_limits_say():
    assert over_mean({"A": 120, "B": 100, "C": 60}, Limits(over_mean=1.3)) == set()
    assert over_mean({"A": 120, "B": 100, "C": 60}, Limits(over_mean=1.05)) == {"A", "B"}
