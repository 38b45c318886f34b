"""The robust band of SEMANTICS 5.2."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalations.rules.baselines import EVENT_K, baseline

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


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=20), st.integers(-1000, 1000))
def test_the_band_is_around_the_median_and_does_not_depend_on_the_order(values, resolution):
    found = baseline(values, resolution=abs(resolution))
    assert found == baseline(sorted(values), resolution=abs(resolution))
    assert found.breach[0] <= found.warn[0] <= found.centre <= found.warn[1] <= found.breach[1]
    assert found.spread >= abs(resolution)
