"""Worked examples are run: one that fails keeps a version from review, a rule needs one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from decimal import Decimal

import pytest

from escalations.rules.default_policy import default_policy
from escalations.rules.example_lint import judge_given, lint_examples, try_examples
from escalations.rules.policy import Condition, Example, Group, RoutingRule, Severity
from escalations.services.policies import digest

S1, S2, S3, S4 = Severity
DEFAULT = default_policy()
LAST = "Everything else"
BIG = RoutingRule(
    1, "Big", Group("all", (Condition("users_pct", ">", 10),)), "care", severity_floor=S2
)
POLICY = replace(DEFAULT, rules=(BIG, replace(DEFAULT.rules[0], position=2)))
BIG_ONE = {"users_pct": 11}


def found(*examples):
    doc = replace(POLICY, examples=examples)
    return [(f.is_error, f.code, f.sentence) for f in lint_examples(doc)]


ONE, OTHER = Example("one", BIG_ONE, "Big"), Example("other", {}, LAST)


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        (Example("a", BIG_ONE, "Big", S2, "care", "s2"), None),
        (Example("a", {"users_pct": "11.5"}, "Big"), None),  # as documents write amounts
        (Example("a", {"users_pct": 10}, LAST, S3), None),  # strictly more
        (Example("a", {"users_pct": 10}, "Big"),
         "Example 'a' fails: rule Everything else instead of Big."),
        (Example("a", BIG_ONE, "Big", S1, "growth", "s1"),
         "Example 'a' fails: severity S2 instead of S1, team care instead of growth, ladder s2 "
         "instead of s1."),
        (Example("a", {"declared": "S1"}, LAST, S1), None),
        (Example("a", {"category": "outage"}, LAST, S2), None),  # the category's floor
        (Example("a", {"customer_segment": "strategic", "arr_at_risk": 300_000}, LAST, S2,
                 anchors={"technical": 2, "business": 2, "reputation": 0}), None),
    ],
)  # fmt: skip
def test_an_example_passes_or_says_what_is_otherwise(example, expected):
    fails = [said for _, code, said in found(ONE, OTHER, example) if code == "example_fails"]
    assert fails == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("example", "code"),
    [
        (Example("a", {"colour": "red"}, LAST), "example_unknown_field"),
        (Example("a", {"severity": "S1"}, LAST), "example_unknown_field"),  # it is what comes out
        (Example("a", {"users_pct": "many"}, LAST), "example_wrong_type"),
        (Example("a", {"uptime_breached": "yes"}, LAST), "example_wrong_type"),
        (Example("a", {"product_area": 5}, LAST), "example_wrong_type"),
        (Example("a", {"declared": "S9"}, LAST), "example_wrong_type"),
        (Example("a", {}, LAST, anchors={"mood": 1}), "example_unknown_field"),
        (Example("a", {}, LAST, anchors={"technical": 5}), "example_wrong_type"),
        (Example("a", {}, "Small"), "example_unknown_rule"),
    ],
)
def test_what_cannot_be_tried_is_an_error(example, code):
    assert [(is_error, c) for is_error, c, _ in found(ONE, OTHER, example)] == [(True, code)]


def test_a_rule_without_an_example_is_told_by_its_place():
    assert found(ONE) == [
        (False, "rule_without_example", "Rule 2, 'Everything else', has no example.")
    ]
    assert found(ONE, OTHER) == []


def test_a_version_without_examples_keeps_the_hash_from_before_there_were_any():
    bare = replace(DEFAULT, examples=())
    content = asdict(bare)
    not_said = {"version_id", "examples", "sorting", "category_from", "agreed_sources"}
    for name in not_said | {"has_task_forces_of_house"}:
        del content[name]
    text = json.dumps(content, sort_keys=True, default=str, separators=(",", ":"))
    assert digest(bare) == hashlib.sha256(text.encode()).hexdigest() != digest(DEFAULT)


def test_the_examples_that_ship_pass_and_are_those_of_the_rubric():
    assert [each.wrong for each in try_examples(DEFAULT)] == ["", "", ""]
    scores = [judge_given(DEFAULT, e.given, e.anchors).decision.score_bp for e in DEFAULT.examples]
    assert scores == [30 * 100 + 25 * 100 + 15 * 75 + 20 * 100 + 10 * 75, 2875, 2250]
    assert judge_given(DEFAULT, {"arr_at_risk": Decimal("50000")}, {}).decision.floor is None
