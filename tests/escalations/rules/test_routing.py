"""Routing tables and the workload-aware choice of SEMANTICS 4.3."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.rules.default_policy import default_policy
from escalations.rules.policy import Condition, Group, RoutingRule, Severity
from escalations.rules.routing import OPERATORS, Candidate, choose, holds, route
from tests.examples import examples

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
S1, S2, S3, S4 = Severity


def rule(position, name, *parts, match="all", team="team"):
    return RoutingRule(position, name, Group(match, parts) if parts else None, team)


def doc(*rules):
    return replace(default_policy(), rules=rules)


BILLING = rule(1, "Billing", Condition("product_area", "=", "billing"), team="billing")
LARGE = rule(
    2,
    "Large accounts",
    Condition("arr_at_risk", ">", 50000),
    Condition("segment", "in", ("enterprise", "strategic")),
    team="key-accounts",
)
REST = rule(3, "Everything else", team="frontline")


def test_the_first_matching_rule_wins():
    subject = {"product_area": "billing", "arr_at_risk": 90000, "segment": "strategic"}
    found = route(doc(BILLING, LARGE, REST), subject)
    assert (found.rule.team, len(found.trace)) == ("billing", 1)
    assert route(doc(LARGE, replace(BILLING, position=9), REST), subject).rule is LARGE


def test_rules_are_tried_by_position_not_by_place():
    subject = {"product_area": "billing"}
    assert route(doc(REST, LARGE, BILLING), subject).rule is BILLING


def test_the_fallback_takes_what_no_rule_takes_and_the_trace_says_why():
    found = route(doc(BILLING, LARGE, REST), {"product_area": "ads", "segment": "smb"})
    assert found.is_fallback
    assert [(t.name, t.outcome.value, t.words) for t in found.trace] == [
        ("Billing", "no", "product_area = billing: it is ads"),
        ("Large accounts", "no", "segment in enterprise, strategic: it is smb"),
        ("Everything else", "match", ""),
    ]
    json.dumps(found.as_json())


def test_an_unknown_condition_does_not_match_and_is_named():
    found = route(doc(LARGE, REST), {"segment": "strategic"})
    assert found.trace[0].outcome == "unknown"
    assert found.trace[0].words == "arr_at_risk > 50000: arr_at_risk is not known"


def test_a_policy_without_fallback_is_refused():
    with pytest.raises(ValueError, match="no fallback"):
        route(doc(BILLING), {})


def test_an_operator_or_group_nobody_knows_is_refused():
    with pytest.raises(ValueError):
        holds(Condition("a", "like", "b"), {"a": "b"})
    with pytest.raises(ValueError):
        holds(Group("some", (Condition("a", "=", 1),)), {"a": 1})


@pytest.mark.parametrize(
    ("given_", "op", "value", "expected"),
    [
        (5, "=", Decimal("5.0"), True),
        (0.1, "=", Decimal("0.1"), True),
        (5, "!=", 5, False),
        (4, "<", 5, True),
        (5, "<=", 5, True),
        (5, ">", 5, False),
        (5, ">=", 5, True),
        (1, "between", (1, 2), True),
        (2, "between", (1, 2), False),
        (1, "between", 3, None),
        ("x", "<", 5, None),
        (True, ">", 0, None),
        (float("nan"), ">", 0, None),
        (timedelta(minutes=5), ">=", timedelta(minutes=5), True),
        (timedelta(minutes=5), ">", 5, None),
        (AT, "<", datetime(2027, 1, 1), None),
        ("a", "=", "a", True),
        ("a", "=", "A", False),
        ("a", "in", ["a", "b"], True),
        ("c", "not_in", ["a", "b"], True),
        (3, "in", (1, 2), False),
        (True, "in", (1, 2), False),
        ("a", "in", None, None),
        ("a", "in", "abc", None),
        (["a"], "in", ["a"], None),
        (True, "is", True, True),
        (False, "is", True, False),
        (1, "is", True, None),
        ("STRASSE", "equals", "straße", True),
        ("Cafe\u0301", "equals", "CAFÉ", True),
        ("Login page down", "contains", "PAGE", True),
        ("Login", "starts", "log", True),
        (3, "contains", "3", None),
        (["a", "b"], "has_any", ["b", "c"], True),
        (["a", "b"], "has_all", ["a", "b"], True),
        (["a"], "has_all", ["a", "b"], False),
        ({"a"}, "has_none", ["b"], True),
        ("a", "has_any", ["a"], None),
        (None, "is_empty", None, True),
        ("", "is_empty", True, True),
        ([], "is_empty", None, True),
        (0, "is_empty", None, False),
        (False, "is_empty", None, False),
        ("x", "is_empty", False, True),
        (None, "is_empty", False, False),
    ],
)
def test_operators_by_type(given_, op, value, expected):
    assert holds(Condition("f", op, value), {"f": given_}) is expected


@pytest.mark.parametrize("op", sorted(OPERATORS))
def test_every_comparison_with_null_is_unknown(op):
    assert holds(Condition("f", op, ["a", "b"]), {}) is None
    assert holds(Condition("f", op, "a"), {"f": None}) is None
    assert holds(Condition("f", op, "a"), {"f": ""}) is None


YES, NO, UNKNOWN = (
    Condition("one", "=", 1),
    Condition("one", "=", 2),
    Condition("nothing", "=", 1),
)


@pytest.mark.parametrize(
    ("match", "parts", "expected"),
    [
        ("all", (YES, YES), True),
        ("all", (YES, UNKNOWN), None),
        ("all", (UNKNOWN, NO), False),
        ("any", (NO, YES), True),
        ("any", (UNKNOWN, YES), True),
        ("any", (NO, UNKNOWN), None),
        ("any", (NO, NO), False),
        ("all", (YES, Group("any", (NO, YES))), True),
        ("any", (NO, Group("all", (YES, UNKNOWN))), None),
    ],
)
def test_groups_are_three_valued(match, parts, expected):
    assert holds(Group(match, parts), {"one": 1}) is expected


def test_the_words_of_any_name_every_part():
    found = route(doc(rule(1, "Either", NO, UNKNOWN, match="any"), REST), {"one": 1})
    assert found.trace[0].words == "none of: one = 2: it is 1; nothing = 1: nothing is not known"


# -- choosing a person ------------------------------------------------------------------------


def person(name, open_=None, capacity=1, last=None, skills=()):
    at = None if last is None else AT - timedelta(minutes=last)
    return Candidate(name, open_ or {}, capacity, frozenset(skills), at)


def test_the_lowest_load_for_the_capacity_is_chosen():
    busy = person("a", {S1: 1}, capacity=4)  # 8 / 4 = 2
    idle = person("b", {S4: 1, S3: 1}, capacity=2)  # 3 / 2
    assert choose([busy, idle], AT).person == "b"
    assert choose([busy, idle], AT).why == "Chosen for load 3 of capacity 2, the lowest of 2."


def test_loads_are_compared_exactly():
    third, nearly = person("b", {S4: 1}, capacity=3), person("a", {S4: 33333}, capacity=100000)
    assert choose([third, nearly], AT).person == "a"
    assert choose([person("b", {S4: 1}, 3, last=9), person("a", {S3: 1}, 6)], AT).person == "a"


def test_a_tie_goes_to_the_longest_wait_and_never_is_longest():
    assert choose([person("a", last=5), person("b", last=90)], AT).person == "b"
    assert choose([person("a", last=90), person("b")], AT).person == "b"
    assert choose([person("b", last=5), person("a", last=5)], AT).person == "a"
    assert "last assigned 90 min ago" in choose([person(1, last=5), person(2, last=90)], AT).why
    assert "never assigned" in choose([person(1, last=5), person(2)], AT).why


def test_only_people_with_the_skill_and_some_capacity_can_be_chosen():
    people = [person("a"), person("b", {S1: 3}, skills=["sql"]), person("c", capacity=0)]
    assert choose(people, AT, skill="sql").person == "b"
    assert choose([person("c", capacity=0)], AT) is None
    assert choose(people, AT, skill="welding") is None


# -- properties -------------------------------------------------------------------------------

PEOPLE = st.lists(
    st.builds(
        person,
        st.integers(1, 9),
        st.dictionaries(st.sampled_from(list(Severity)), st.integers(0, 3)),
        st.integers(1, 4),
        st.none() | st.integers(0, 3),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda candidate: candidate.person,
)


@examples(100)
@given(PEOPLE)
def test_the_choice_is_a_total_order(people):
    """The order of asking never matters, and the winner stays when a loser leaves."""
    chosen = {choose(order, AT).person for order in permutations(people)}
    assert len(chosen) == 1
    winner = chosen.pop()
    for loser in [c for c in people if c.person != winner]:
        assert choose([c for c in people if c is not loser], AT).person == winner


VALUES = st.none() | st.integers(0, 2) | st.sampled_from(["a", "b", ""]) | st.booleans()
CONDITIONS = st.builds(
    Condition, st.sampled_from("xyz"), st.sampled_from([*OPERATORS, "is_empty"]), VALUES
)
GROUPS = st.recursive(
    CONDITIONS,
    lambda inner: st.builds(
        Group, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=6,
)


@examples(200)
@given(st.lists(GROUPS, max_size=3), st.dictionaries(st.sampled_from("xyz"), VALUES))
def test_routing_is_deterministic_and_always_finds_a_rule(groups, subject):
    rules = [
        RoutingRule(i, f"r{i}", Group("all", (group,)), "team") for i, group in enumerate(groups)
    ]
    document = doc(*rules, rule(99, "rest", team="frontline"))
    found = route(document, subject)
    assert found == route(document, dict(reversed(subject.items())))
    assert found.trace[-1].outcome == "match"
    assert all(tried.outcome != "match" and tried.words for tried in found.trace[:-1])


@examples(200)
@given(GROUPS, st.dictionaries(st.sampled_from("xyz"), VALUES), st.sampled_from("xyz"), VALUES)
def test_learning_an_unknown_field_never_turns_a_sure_answer(part, subject, name, value):
    """Without `is_empty`, what is decided while a field is null stays decided once it is known."""
    if "is_empty" in repr(part) or subject.get(name) not in (None, ""):
        return
    before = holds(part, subject)
    if before is not None:
        assert holds(part, {**subject, name: value}) is before
