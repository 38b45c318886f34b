"""Account value, risk, priority and tier of SEMANTICS 4.1."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules.valuation import (
    lifetime_value_anchor,
    momentum_anchor,
    renewal_anchor,
    tier_of,
    valuation,
)

CASES = json.loads((Path(__file__).parents[2] / "cases" / "rules.json").read_text())
NAMES = ("lifetime_value", "importance", "influence", "renewal", "momentum")


def weigh(*anchors, **more):
    return valuation(**dict(zip(NAMES, anchors, strict=True)), **more)


@pytest.mark.parametrize("case", CASES["account"], ids=lambda case: str(case["value"]))
def test_the_worked_accounts_are_valued_as_written(case):
    result = weigh(*case["value"], *case["risk"])
    assert result.priority_bp == round(case["priority"] * 100)
    assert result.tier == case["tier"].replace(" ", "_")


def test_value_and_risk_are_weighed_in_basis_points():
    result = weigh(4, 4, 3, 3, 2)
    assert (result.value_bp, result.risk_bp, result.priority_bp) == (9500, 6500, 8300)


def test_a_tier_includes_its_least_value():
    tiers = [tier_of(bp) for bp in (8000, 7999, 6000, 5999, 4500, 4499)]
    expected = "strategic enterprise enterprise high_potential high_potential standard"
    assert tiers == expected.split()


def test_the_strategic_flag_wins_over_value():
    assert weigh(0, 0, 0, 0, 0, is_strategic=True).tier == "strategic"


def test_a_missing_anchor_is_assumed_and_named():
    result = weigh(4, None, 3, 3, None)
    assert result.assumed == ("importance", "momentum")
    assert result.value_bp == weigh(4, 2, 3, 3, 2).value_bp


def test_an_anchor_outside_the_scale_is_refused():
    for bad in (-1, 5):
        with pytest.raises(ValueError):
            weigh(bad, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("amount", "anchor"),
    [
        (0, 0),
        (1, 1),
        ("49999.99", 1),
        (50000, 2),
        (249999, 2),
        (250000, 3),
        (999999, 3),
        (10**6, 4),
    ],
)
def test_lifetime_value_anchors(amount, anchor):
    assert lifetime_value_anchor(Decimal(amount)) == anchor


@pytest.mark.parametrize(
    ("days", "anchor"),
    [(366, 0), (365, 1), (181, 1), (180, 2), (91, 2), (90, 3), (31, 3), (30, 4), (-3, 4)],
)
def test_renewal_anchors(days, anchor):
    assert renewal_anchor(days) == anchor


@pytest.mark.parametrize(
    ("change_bp", "anchor"),
    [(1000, 0), (999, 1), (-999, 1), (-1000, 2), (-2499, 2), (-2500, 3), (-4999, 3), (-5000, 4)],
)
def test_momentum_anchors(change_bp, anchor):
    assert momentum_anchor(change_bp) == anchor


def test_a_flag_speaks_when_the_number_is_unknown():
    assert renewal_anchor(None, is_at_risk=True) == momentum_anchor(None, is_dormant=True) == 4
    assert renewal_anchor(None) is momentum_anchor(None) is lifetime_value_anchor(None) is None


@given(st.tuples(*[st.integers(0, 4)] * 5))
def test_priority_is_exact_and_between_value_and_risk(anchors):
    result = weigh(*anchors)
    assert result.priority_bp * 100 == 60 * result.value_bp + 40 * result.risk_bp
    low, high = sorted((result.value_bp, result.risk_bp))
    assert 0 <= low <= result.priority_bp <= high <= 10000
