"""What is wrong with a rubric, and what differs between two, in sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accounts.rules.valuation import STARTING, tier_of, valuation
from accounts.rules.value_checks import problems
from accounts.rules.value_diff import value_sentences


def test_the_starting_values_have_no_problem():
    assert problems(STARTING) == []


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"influence_weight": 19}, "lifetime_value_weight", "weights"),
        ({"importance_weight": -10, "influence_weight": 60}, "lifetime_value_weight", "weights"),
        ({"renewal_weight": 61}, "renewal_weight", "weights"),
        ({"value_share": 101}, "value_share", "out_of_range"),
        ({"enterprise_from": 80}, "strategic_from", "not_rising"),
        ({"strategic_from": 101}, "strategic_from", "not_rising"),
        ({"high_potential_from": 0}, "high_potential_from", "not_rising"),
        ({"lifetime_3_from": 50_000}, "lifetime_3_from", "not_rising"),
        ({"renewal_2_days": 400}, "renewal_1_days", "not_rising"),
        ({"growing_pct": 0}, "growing_pct", "not_rising"),
        ({"fall_3_pct": 60}, "fall_4_pct", "not_rising"),
        ({"importance_anchors": ("a", "b", "c", "d")}, "importance_anchors", "anchors"),
        ({"influence_anchors": ("a", "b", "c", "d", " ")}, "influence_anchors", "anchors"),
    ],
)
def test_each_problem_is_named_by_its_field(changes, field, code):
    found = problems(replace(STARTING, **changes))
    assert [(each.field, each.code) for each in found] == [(field, code)]


def test_each_change_is_one_sentence():
    texts = (*STARTING.influence_anchors[:4], "Everybody asks them")
    other = replace(
        STARTING,
        lifetime_value_weight=40,
        importance_weight=40,
        value_share=70,
        strategic_from=75,
        lifetime_4_from=2_000_000,
        fall_2_pct=5,
        influence_anchors=texts,
    )
    assert value_sentences(STARTING, STARTING) == ()
    assert value_sentences(STARTING, other) == (
        "Lifetime value weighs 40 per cent of value, not 50.",
        "Strategic importance weighs 40 per cent of value, not 30.",
        "Priority is 70 per cent value and 30 per cent risk, not 60 and 40.",
        "Strategic begins at 75 points, not 80.",
        "Lifetime value 4 begins at 2,000,000, not 1,000,000.",
        "Usage momentum 2 begins at a fall of 5 per cent, not 10.",
        "Influence 4 is “Everybody asks them”, not “Press and analysts ask them first”.",
    )


def test_another_rubric_values_otherwise():
    other = replace(STARTING, lifetime_value_weight=20, influence_weight=50, value_share=100)
    anchors = {"importance": 0, "influence": 4, "renewal": 4, "momentum": 4}
    assert valuation(lifetime_value=0, **anchors).value_bp == 2000
    found = valuation(lifetime_value=0, **anchors, rubric=other)
    assert (found.value_bp, found.priority_bp) == (5000, 5000)
    assert tier_of(4000, replace(STARTING, high_potential_from=40)) == "high_potential"
