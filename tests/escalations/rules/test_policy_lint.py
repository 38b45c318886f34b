"""What keeps a version from review, and what is only worth a second look."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.rules import routing_lint
from escalations.rules.default_policy import default_policy
from escalations.rules.policy import (
    ClockKind,
    ClockTarget,
    Condition,
    Floor,
    FloorTest,
    Group,
    LadderTarget,
    Level,
    RoutingRule,
    Severity,
    TargetKind,
)
from escalations.rules.policy_lint import lint
from escalations.rules.routing import route
from escalations.rules.routing_lint import lint_routing
from tests.examples import examples

S1, S2, S3, S4 = Severity
POLICY = default_policy()
LAST = replace(POLICY.rules[-1], position=99)


def rule(place, when, team="payments", **more):
    return RoutingRule(place, f"rule {place}", when, team, **more)


def found(*rules):
    return [(each.code, each.where, each.is_error) for each in lint_routing((*rules, LAST))]


def over(amount):
    return Condition("arr_at_risk", ">", Decimal(amount))


EU = Condition("segment", "=", "eu")


def test_the_policy_that_ships_has_nothing_wrong():
    assert lint(POLICY) == []


@pytest.mark.parametrize(
    ("rules", "codes"),
    [
        ([rule(1, over(10)), rule(2, over(50))], [("unreachable", "rule 2", True)]),
        ([rule(1, Group("all", (over(50), Condition("arr_at_risk", "<", 50))))],
         [("contradictory", "rule 1", True)]),
        ([rule(1, EU), rule(2, Condition("segment", "in", ["eu"]), "other")],
         [("unreachable", "rule 2", True)]),
        ([rule(1, EU), rule(2, EU, "other")],
         [("duplicate", "rule 2", False), ("unreachable", "rule 2", True)]),
        ([rule(1, EU), rule(2, over(5), "other")], [("shadowed", "rule 2", False)]),
        ([rule(1, EU), rule(2, over(5))], []),  # the same act: no matter which comes first
        ([rule(1, Condition("colour", "=", "red"))], [("unknown_field", "rule 1", True)]),
        ([rule(1, Condition("segment", "<", 5))], [("wrong_operator", "rule 1", True)]),
        ([rule(1, Condition("users_pct", ">", "many"))], [("wrong_type", "rule 1", True)]),
        ([rule(1, Condition("users_pct", ">", "10"))], [("wrong_type", "rule 1", True)]),
        ([rule(1, Condition("uptime_breached", "is", "yes"))], [("wrong_type", "rule 1", True)]),
        ([rule(1, Condition("users_pct", "between", (5,)))], [("wrong_type", "rule 1", True)]),
        ([rule(1, None), rule(2, EU)], [("fallback_not_last", "rule 1", True)]),
        ([rule(1, Condition("account", "is_empty")), rule(2, Condition("account", "is_empty", False)),
          rule(3, Condition("account", "=", "acme"))], [("unreachable", "rule 3", True)]),
    ],
)  # fmt: skip
def test_rules_that_do_nothing_or_hide_each_other(rules, codes):
    assert [each for each in found(*rules) if each[0] != "gap"] == codes


def test_a_shadow_comes_with_an_input_that_shows_it():
    (shadow,) = [f for f in lint_routing((rule(1, EU), rule(2, over(5), "other"), LAST))
                 if f.code == "shadowed"]  # fmt: skip
    assert shadow.sentence == "Rule 'rule 1' takes some of what 'rule 2' would."
    assert shadow.sample == "segment: eu, arr at risk: 6"


def test_what_only_the_last_rule_takes_is_told_with_a_sample():
    gaps = [f.sample for f in lint_routing((rule(1, EU), LAST)) if f.code == "gap"]
    assert gaps == ["segment: (any other)"]


def test_without_a_last_rule_for_everything_nothing_goes():
    assert [f.code for f in lint_routing((rule(1, EU),)) if f.is_error] == ["no_fallback"]
    assert [f.code for f in lint_routing(())] == ["no_fallback"]


def test_of_too_many_inputs_a_sample_is_drawn_and_nothing_is_sure(monkeypatch):
    monkeypatch.setattr(routing_lint, "SAMPLE", 2_000)
    rules = [
        rule(place, Group("all", tuple(
            Condition(name, "in", [f"{name}{place}{n}" for n in range(12)])
            for name in ("segment", "account", "source", "category")
        )))
        for place in (1, 2)
    ]  # fmt: skip
    never = rule(3, Group("all", (EU, Condition("segment", "=", "us"))))
    said = lint_routing((*rules, never, LAST))
    assert not any(each.is_error for each in said)
    assert any(each.sentence.endswith("(sampled).") for each in said)


fields = st.sampled_from(["segment", "account", "users_pct", "uptime_breached"])
words = st.sampled_from(["eu", "us", "apac"])
numbers = st.integers(0, 20)


@st.composite
def simple(draw):
    name = draw(fields)
    if draw(st.integers(0, 5)) == 0:
        return Condition(name, "is_empty", draw(st.booleans()))
    if name == "users_pct":
        op = draw(st.sampled_from(["<", "<=", ">", ">=", "=", "!=", "between"]))
        value = (draw(numbers), draw(numbers)) if op == "between" else draw(numbers)
        return Condition(name, op, value)
    if name == "uptime_breached":
        return Condition(name, "is", draw(st.booleans()))
    op = draw(st.sampled_from(["=", "!=", "in", "not_in"]))
    value = tuple(draw(st.sets(words, min_size=1))) if op in ("in", "not_in") else draw(words)
    return Condition(name, op, value)


parts = st.lists(simple(), min_size=1, max_size=3).flatmap(
    lambda each: st.sampled_from(["all", "any"]).map(lambda match: Group(match, tuple(each)))
)
inputs = st.fixed_dictionaries(
    {
        "segment": st.one_of(st.none(), words, st.just("elsewhere")),
        "account": st.one_of(st.none(), words),
        "users_pct": st.one_of(st.none(), st.decimals(-1, 22, places=1)),
        "uptime_breached": st.one_of(st.none(), st.booleans()),
    }
)


@examples(60)
@given(whens=st.lists(parts, min_size=1, max_size=4), tried=st.lists(inputs, max_size=40))
def test_what_is_called_unreachable_is_never_reached(whens, tried):
    rules = (*(rule(place, when) for place, when in enumerate(whens, 1)), LAST)
    dead = {f.where for f in lint_routing(rules) if f.code in ("unreachable", "contradictory")}
    doc = replace(POLICY, rules=rules)
    assert not dead & {route(doc, subject).rule.name for subject in tried}


def with_targets(severity, **seconds):
    kinds = {kind: ClockKind(kind) for kind in seconds}
    rows = {
        **POLICY.severities[severity].targets,
        **{kinds[k]: ClockTarget(kinds[k], s, False) for k, s in seconds.items()},
    }
    row = replace(POLICY.severities[severity], targets=rows)
    return replace(POLICY, severities={**POLICY.severities, severity: row})


def with_ladder(**changes):
    return replace(
        POLICY, ladders={**POLICY.ladders, "s1": replace(POLICY.ladders["s1"], **changes)}
    )


LEVELS = POLICY.ladders["s1"].levels
DUTY = LadderTarget(TargetKind.ROSTER, "duty")
CASES = {
    "weights": replace(POLICY, factors=POLICY.factors[1:]),
    "anchors": replace(POLICY, factors=(replace(POLICY.factors[0], anchors=("a", "b", "", "d", "e")), *POLICY.factors[1:])),
    "bands": replace(POLICY, bands={S1: 5000, S2: 6000, S3: 10}),
    "unknown_fact": replace(POLICY, tests=(FloorTest("T1", "x", "weather", "is", True), *POLICY.tests[1:])),
    "wrong_type": replace(POLICY, tests=(FloorTest("T1", "x", "users_pct", "is", True), *POLICY.tests[1:])),
    "unknown_test": replace(POLICY, floors=(*POLICY.floors, Floor(S1, ("T9",)))),
    "empty_floor": replace(POLICY, floors=(Floor(S1, ()),)),
    "no_severity": replace(POLICY, severities={s: r for s, r in POLICY.severities.items() if s != S2}),
    "unknown_ladder": replace(POLICY, rules=(rule(1, EU, ladder="night"), LAST)),
    "ladder_empty": with_ladder(levels=()),
    "no_ladder_fallback": with_ladder(fallback=()),
    "level_numbers": with_ladder(levels=LEVELS[1:]),
    "level_empty": with_ladder(levels=(Level(1, 60, ()),)),
    "warnings": replace(POLICY, warn_percents=(90, 50)),
}  # fmt: skip
DOUBTS = {
    "no_weight": replace(POLICY, factors=(replace(POLICY.factors[0], weight=0), *POLICY.factors[1:])),
    "band_out_of_reach": replace(POLICY, bands={**POLICY.bands, S1: 10_001}),
    "never_true": replace(POLICY, tests=(*POLICY.tests, FloorTest("T7", "x", "users_pct", ">", Decimal(100)))),
    "unused_test": replace(POLICY, floors=POLICY.floors[:1]),
    "floor_never_decides": replace(POLICY, floors=(*POLICY.floors, Floor(S2, ("T1", "T5")))),
    "slower_when_worse": with_targets(S1, response=3600),
    "response_after_end": with_targets(S1, response=90_000),
    "team_target": with_targets(S1, ola=7100),
    "unused_ladder": replace(POLICY, ladders={**POLICY.ladders, "night": POLICY.ladders["s1"]}),
    "breach_level": with_ladder(on_breach_level=9),
    "twice_on_ladder": with_ladder(levels=(*LEVELS, Level(5, 60, (DUTY,)))),
    "page_limits": replace(POLICY, limits=replace(POLICY.limits, pages_per_hour=2)),
}  # fmt: skip


@pytest.mark.parametrize("code", CASES)
def test_errors(code):
    assert code in {finding.code for finding in lint(CASES[code]) if finding.is_error}


@pytest.mark.parametrize("code", DOUBTS)
def test_warnings(code):
    assert code in {finding.code for finding in lint(DOUBTS[code]) if not finding.is_error}


def test_errors_come_first():
    both = replace(CASES["warnings"], ladders={**POLICY.ladders, "night": POLICY.ladders["s1"]})
    assert [finding.is_error for finding in lint(both)] == [True, False]
