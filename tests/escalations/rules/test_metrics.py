"""Agreement, percentiles, intervals, fairness and hand-offs of SEMANTICS 3.1, 4.2 and 8."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.rules.metrics import (
    agreement,
    balance,
    geomean,
    gini,
    handoffs,
    mean,
    median,
    percentile,
    wilson95,
)
from tests.examples import examples

MATRIX = [[18, 4, 0, 0], [6, 40, 9, 1], [1, 8, 70, 12], [0, 1, 10, 60]]
HOURS = {"A": 120, "B": 100, "C": 60}
TIMES = [3, 4, 4, 5, 6, 7, 9, 12, 20, 55]


def test_the_worked_matrix_agrees_as_written():
    found = agreement(MATRIX)
    assert found.n == 240
    assert found.agreement == pytest.approx(0.783333, abs=1e-6)
    assert found.kappa == pytest.approx(0.694118, abs=1e-6)
    assert found.linear == pytest.approx(0.778694, abs=1e-6)
    assert found.quadratic == pytest.approx(0.859366, abs=1e-6)


def test_under_is_where_the_automatic_severity_was_milder():
    found = agreement([[0, 3], [1, 0]])  # three times human S1, automatic S2
    assert (found.under, found.over) == (0.75, 0.25)


def test_agreement_is_none_where_it_is_not_defined():
    assert agreement([[0, 0], [0, 0]]).kappa is None
    assert agreement([[5, 0], [0, 0]]).kappa is None  # one severity only: chance explains all
    assert agreement([[5, 0], [0, 0]]).agreement == 1
    with pytest.raises(ValueError):
        agreement([[1, 2]])


def test_percentiles_interpolate_by_type_7():
    found = [percentile(TIMES, share) for share in (0.5, 0.75, 0.9, 0.95)]
    assert found == pytest.approx([6.5, 11.25, 23.5, 39.25])
    assert (percentile(TIMES, 0), percentile(TIMES, 1)) == (3, 55)
    assert percentile([7], 0.9) == 7


def test_what_cannot_be_measured_is_none():
    assert percentile([], 0.5) is mean([]) is geomean([]) is wilson95(0, 0) is None
    assert balance({"A": 5}) is gini({"A": 0}) is None
    assert geomean([1, 0]) is None
    with pytest.raises(ValueError):
        percentile([1], 90)
    with pytest.raises(ValueError):
        wilson95(3, 2)


def test_the_geometric_mean_of_the_worked_times():
    assert geomean(TIMES) == pytest.approx(8.08775, abs=1e-5)


def test_a_wilson_interval_stays_within_0_and_1():
    assert wilson95(46, 50) == pytest.approx((0.811615, 0.968451), abs=1e-6)
    assert wilson95(0, 10)[0] == 0 and wilson95(10, 10)[1] == 1


def test_fairness_of_the_worked_hours():
    assert balance(HOURS) == pytest.approx(0.644444, abs=1e-6)
    assert gini(HOURS) == pytest.approx(0.142857, abs=1e-6)
    assert balance({"A": 0, "B": 0}) == 1
    assert balance({"A": 0, "B": 8}) == 0


@pytest.mark.parametrize(
    ("owners", "count", "returns", "index", "is_ping_pong"),
    [
        ("ABACA", 4, 2, 0.5, True),
        ("A", 0, 0, None, False),
        ("", 0, 0, None, False),
        ("ABC", 2, 0, 0, False),
        ("ABAB", 3, 2, 2 / 3, True),
        ("AAB", 1, 0, 0, False),
        ("ABCDE", 4, 0, 0, True),
        ("ABA", 2, 1, 0.5, False),
    ],
)
def test_handoffs_and_returns(owners, count, returns, index, is_ping_pong):
    found = handoffs(owners)
    assert (found.handoffs, found.returns, found.is_ping_pong) == (count, returns, is_ping_pong)
    assert found.index == index


NUMBERS = st.lists(st.integers(-1000, 1000), min_size=2, max_size=30)


@examples(100)
@given(NUMBERS, st.integers(1, 99))
def test_percentiles_agree_with_the_standard_library(values, per_cent):
    expected = statistics.quantiles(values, n=100, method="inclusive")[per_cent - 1]
    assert percentile(values, per_cent / 100) == pytest.approx(expected, abs=1e-6)
    assert median(values) == statistics.median(values)


@examples(100)
@given(st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=4, max_size=4))
def test_agreement_does_not_care_who_is_called_human_but_for_the_direction(matrix):
    found, turned = (
        agreement(matrix),
        agreement([list(column) for column in zip(*matrix, strict=True)]),
    )
    assert (found.under, found.over) == (turned.over, turned.under)
    for name in ("kappa", "linear", "quadratic"):
        assert getattr(found, name) == pytest.approx(getattr(turned, name))
