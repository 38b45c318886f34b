"""The geometry of charts: places, steps of axes, paths, numbers and words."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from escalations.rules.charts import (
    area,
    line,
    number,
    time_steps,
    trend,
    value_scale,
    value_steps,
)

FIRST = datetime(2026, 11, 17, 10, 30, tzinfo=UTC)


def test_high_values_lie_above_low_ones_and_none_outside():
    scale = value_scale([2.0, 4.0], top=10, bottom=110)
    assert 10 < scale.place(4) < scale.place(3) < scale.place(2) < 110
    assert scale.place(99) == 10 and scale.place(-99) == 110


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=5))
@example([-1.7e308])
def test_any_values_have_a_scale(values):
    scale = value_scale(values, top=0, bottom=100)
    assert all(0 <= scale.place(value) <= 100 for value in values if math.isfinite(value))
    assert len(value_steps(scale.low, scale.high)) <= 8


@pytest.mark.parametrize(
    ("low", "high", "steps"),
    [
        (0, 50, [0, 10, 20, 30, 40, 50]),
        (2.4, 3.3, [2.4, 2.6, 2.8, 3.0, 3.2]),
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (5, 5, []),
    ],
)
def test_steps_of_values_are_round(low, high, steps):
    assert value_steps(low, high) == steps


@pytest.mark.parametrize(("hours", "first", "count"), [(6, 11, 6), (24, 12, 4), (72, 12, 6)])
def test_steps_of_time_are_whole_hours_or_days(hours, first, count):
    steps = time_steps(FIRST, FIRST + timedelta(hours=hours))
    assert (steps[0].hour, len(steps)) == (first, count)
    assert all(step.minute == 0 for step in steps)


def test_a_gap_breaks_the_line_and_a_lone_point_is_seen():
    assert line([(0, 1), (1, 2), None, (3, 4)]) == "M0.0 1.0L1.0 2.0M3.0 4.0h.1"


def test_an_area_goes_there_above_and_back_below():
    assert area([(0, 1, 5), (1, 2, 6), None, (9, 9, 9)]) == "M0.0 1.0L1.0 2.0L1.0 6.0L0.0 5.0Z"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3.14159, "%", "3.142 %"),
        (12480.4, "", "12,480"),
        (1.2e9, "USD", "1.2e+09 USD"),
        (0.0, "min", "0 min"),
        (None, "%", "–"),
    ],
)
def test_four_figures_matter(value, unit, text):
    assert number(value, unit) == text


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([3.0, 3.1] * 10 + [2.4] * 3, "Falling"),
        ([3.0, 3.1] * 10 + [4.4] * 3, "Rising"),
        ([3.0, 3.1] * 10, "Steady"),
        ([3.0, 9.0], ""),
    ],
)
def test_a_word_for_the_trend(values, word):
    assert trend(values) == word
