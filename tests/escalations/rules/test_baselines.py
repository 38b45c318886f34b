"""The robust band of SEMANTICS 5.2."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.rules.baselines import (
    EVENT_K,
    Baseline,
    Buckets,
    baseline,
    buckets_for,
    learn,
    learned_rule,
)
from escalations.rules.thresholds import Bands, ThresholdRule
from tests.examples import examples

EXAMPLE = [980, 1010, 995, 1002, 1600, 990]


def test_the_worked_bucket_gives_the_written_band():
    found = baseline(EXAMPLE)
    assert (found.centre, found.count) == (998.5, 6)
    assert found.spread == pytest.approx(14.826)
    assert found.warn == pytest.approx((946.609, 1050.391))
    assert found.breach == pytest.approx((924.37, 1072.63))
    assert found.band(EVENT_K)[0] == pytest.approx(998.5 - 8 * 14.826)


def test_one_wild_value_neither_moves_the_band_nor_hides_a_drop():
    assert baseline(EXAMPLE).warn[0] > 900
    assert baseline([*EXAMPLE[:4], 10**6, 990]).centre == 998.5


def test_the_spread_never_falls_below_one_per_cent_of_the_median():
    assert baseline([200, 200, 200]).spread == 2
    assert baseline([-200, -200]).spread == 2


def test_the_spread_never_falls_below_the_resolution():
    assert baseline([0, 0, 0], resolution=0.5).spread == 0.5


def test_the_spread_never_falls_below_what_the_quartiles_say():
    values = [0, 0, 0, 0, 10, 10, 10]  # the MAD is 0, the quartiles are 0 and 10
    assert baseline(values).spread == pytest.approx(10 / 1.349)


def test_without_a_finite_value_there_is_no_baseline():
    assert baseline([]) is baseline([math.nan, math.inf]) is None
    assert baseline([math.nan, 5]).count == 1


@examples(100)
@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=20), st.integers(-1000, 1000))
def test_the_band_is_around_the_median_and_does_not_depend_on_the_order(values, resolution):
    found = baseline(values, resolution=abs(resolution))
    assert found == baseline(sorted(values), resolution=abs(resolution))
    assert found.breach[0] <= found.warn[0] <= found.centre <= found.warn[1] <= found.breach[1]
    assert found.spread >= abs(resolution)


# --- buckets -----------------------------------------------------------------------------------
BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
MONDAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("grain_s", "days_known", "expected"),
    [
        (3600, 0, Buckets.HOUR_OF_DAY),
        (3600, 20, Buckets.HOUR_OF_DAY),
        (3600, 21, Buckets.HOUR_OF_WEEK),
        (60, 21, Buckets.HOUR_OF_WEEK),
        (86_399, 21, Buckets.HOUR_OF_WEEK),
        (86_400, 0, Buckets.DAY_OF_WEEK),
        (7 * 86_400, 100, Buckets.DAY_OF_WEEK),
        (30 * 86_400, 100, Buckets.ANY_DAY),
    ],
)
def test_the_bucket_follows_the_grain_and_how_much_is_known(grain_s, days_known, expected):
    assert buckets_for(grain_s, MONDAY - timedelta(days=days_known), MONDAY) == expected


def learned(points, day, *, zone=UTC_ZONE, grain_s=3600, first_on=date(2025, 1, 1)):
    (found,) = learn(points, [day], zone=zone, grain_s=grain_s, first_on=first_on)
    return found


def weekly(hour, values, *, before=MONDAY):
    """Values of the same hour, one a week, the newest a week before `before`."""
    start = datetime(before.year, before.month, before.day, hour, tzinfo=UTC)
    return [(start - timedelta(weeks=back), v) for back, v in enumerate(reversed(values), 1)]


def test_the_last_eight_of_the_same_hour_of_the_week_count():
    band = learned(weekly(9, [500, 1, 2, 3, 4, 5, 6, 7, 8]), MONDAY).bands[9]
    assert (band.centre, band.count) == (4.5, 8)


def test_fewer_than_three_teach_nothing():
    assert learned(weekly(9, [1, 2]), MONDAY).bands == {}
    assert learned(weekly(9, [1, 2, 3]), MONDAY).bands.keys() == {9}


def test_other_hours_and_other_days_do_not_count():
    noise = [(at - timedelta(hours=1), 99) for at, _ in weekly(9, [1] * 8)]
    noise += [(at - timedelta(days=1), 99) for at, _ in weekly(9, [1] * 8)]
    found = learned(weekly(9, [10] * 8) + noise, MONDAY)
    assert found.bands[9].centre == 10


def test_the_day_itself_and_what_comes_after_teach_it_nothing():
    later = [(datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(weeks=k), 99) for k in range(9)]
    assert learned(weekly(9, [10] * 4) + later, MONDAY).bands[9].count == 4


def test_what_is_older_than_twelve_weeks_is_no_longer_usual():
    old = [(at - timedelta(weeks=10), 99) for at, _ in weekly(9, [1] * 8)]
    assert learned(weekly(9, [10] * 3) + old, MONDAY).bands[9].count == 5


def test_a_repeated_hour_is_averaged_and_a_missing_one_is_absent():
    """In Berlin 02:00 came twice on 26 October 2025 and never on 30 March 2025."""
    autumn = date(2025, 10, 26)
    start = datetime(2025, 10, 25, 22, tzinfo=UTC)  # midnight in Berlin
    points = [(start + timedelta(hours=hour), float(hour)) for hour in range(25)]
    for back in (1, 2):
        points += [(at - timedelta(weeks=back), 2.5) for at, _ in points[:24]]
    band = learned(points, autumn + timedelta(weeks=1), zone=BERLIN).bands
    assert band[2].count == 3 and band[2].centre == 2.5  # (2 + 3) / 2
    spring = date(2025, 3, 30)
    start = datetime(2025, 3, 29, 23, tzinfo=UTC)
    points = [(start + timedelta(hours=hour), 1.0) for hour in range(23)]
    points += [(at - timedelta(weeks=back), 1.0) for at, _ in points[:] for back in (1, 2)]
    band = learned(points, spring + timedelta(weeks=1), zone=BERLIN).bands
    assert 2 not in band and {1, 3} <= band.keys()


def test_minutes_of_an_hour_all_count():
    points = [
        (at + timedelta(minutes=minute), 10 + minute % 2)
        for at, _ in weekly(9, [0] * 4)
        for minute in range(60)
    ]
    assert learned(points, MONDAY, grain_s=60).bands[9].count == 240


def test_one_walk_learns_as_many_single_days_do():
    points = [
        (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour), float(hour % 37))
        for hour in range(24 * 40)
    ]
    days = [date(2026, 1, 5) + timedelta(days=n) for n in range(36)]
    shape = {"zone": BERLIN, "grain_s": 3600, "first_on": date(2026, 1, 1)}
    walked = list(learn(reversed(points), days, **shape))
    assert walked == [learned(points, day, **shape) for day in days]


# --- what a band does to the limits ------------------------------------------------------------
BAND = Baseline(100.0, 2.0, 8)
STATIC = Bands.one_sided("higher", warn=95, breach=80, clear_warn=96, clear_breach=81)


def limits(rule):
    b = rule.bands
    return b.breach_lo, b.clear_breach_lo, b.warn_lo, b.clear_warn_lo


def test_learned_limits_are_on_the_bad_side_and_clear_at_warn():
    rule = learned_rule(ThresholdRule(Bands("higher"), 1, 1, 1, mode="baseline"), BAND)
    assert limits(rule) == (90, 93, 93, 93)
    assert rule.bands.warn_hi is None
    both_sides = learned_rule(ThresholdRule(Bands("range"), 1, 1, 1, mode="baseline"), BAND)
    assert (both_sides.bands.warn_lo, both_sides.bands.warn_hi) == (93, 107)
    lower = learned_rule(ThresholdRule(Bands("lower"), 1, 1, 1, mode="baseline"), BAND)
    assert (lower.bands.warn_lo, lower.bands.breach_hi) == (None, 110)


def test_of_both_the_tighter_limit_counts():
    rule = learned_rule(ThresholdRule(STATIC, 1, 1, 1, mode="both"), BAND)
    assert limits(rule) == (90, 93, 95, 96)


def test_without_a_band_static_limits_judge_alone_or_nobody_does():
    both = ThresholdRule(STATIC, 1, 1, 1, mode="both")
    assert learned_rule(both, None) is both
    assert learned_rule(ThresholdRule(Bands("higher"), 1, 1, 1, mode="baseline"), None) is None
    static = ThresholdRule(STATIC, 1, 1, 1)
    assert learned_rule(static, BAND) is static


def test_the_resolution_widens_a_narrow_band():
    rule = ThresholdRule(Bands("higher"), 1, 1, 1, mode="baseline", resolution=10)
    assert limits(learned_rule(rule, BAND))[0] == 50
