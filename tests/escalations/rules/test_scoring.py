"""Scoring of SEMANTICS 4.1: worked examples, floors, missing input, explanation."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.rules.default_policy import default_policy
from escalations.rules.policy import Category, Severity
from escalations.rules.scoring import (
    Input,
    band_of,
    points,
    revenue_anchor,
    score,
    segment_anchor,
)
from tests.examples import examples

CASES = json.loads((Path(__file__).parents[2] / "cases" / "rules.json").read_text())
DOC = default_policy()
CODES = [factor.code for factor in DOC.factors]
S1, S2, S3, S4 = Severity


def decide(anchors, facts=None, **more):
    return score(DOC, dict(zip(CODES, anchors, strict=True)), facts or {}, **more)


@pytest.mark.parametrize("case", CASES["severity"], ids=lambda case: str(case["anchors"]))
def test_the_worked_examples_score_as_written(case):
    decision = decide(case["anchors"], case["facts"])
    assert decision.score_bp == round(case["score"] * 100)
    assert decision.band.label == case["band"]
    assert (decision.floor and decision.floor.label) == case["floor"]
    assert decision.severity.label == case["severity"]


def test_the_floor_names_the_tests_behind_it():
    assert decide([2, 2, 4, 3, 2], {"arr_at_risk": 120000, "users_pct": 4}).floor_codes == ("T1",)
    all_down = {"arr_at_risk": 400000, "users_pct": 35, "core_down_no_workaround": True}
    assert decide([4, 4, 3, 4, 3], all_down).floor_codes == ("T1", "T2", "T4")
    assert decide([2, 1, 0, 0, 3], {"data_or_legal_suspected": True}).floor_codes == ("T5",)


def test_a_band_includes_its_least_score():
    assert [band_of(DOC, bp) for bp in (8000, 7999, 6000, 5999, 3500, 3499, 0)] == [
        S1,
        S2,
        S2,
        S3,
        S3,
        S4,
        S4,
    ]


def test_a_missing_anchor_is_assumed_and_costs_confidence():
    decision = score(DOC, {"technical": Input(4, "integration"), "segment": None}, {})
    by_factor = {row.factor: row for row in decision.inputs}
    assert not by_factor["technical"].is_assumed
    assert by_factor["business"].is_assumed and by_factor["business"].anchor == 2
    assert by_factor["segment"].source == "assumed"
    assert decision.confidence == 30
    assert decision.check_severity
    assert decision.score_bp == 3000 + 1250 + 750 + 1000 + 500


def test_sixty_per_cent_known_is_enough():
    known = {"technical": 1, "revenue": 1, "reputation": 1}
    assert score(DOC, known, {}).confidence == 60
    assert not score(DOC, known, {}).check_severity


def test_an_anchor_outside_the_rubric_is_refused():
    for bad in (5, -1, True, 2.5, "3"):
        with pytest.raises(ValueError):
            decide([bad, 0, 0, 0, 0])


def test_a_missing_fact_is_unknown_and_says_what_to_ask():
    decision = decide([0, 0, 0, 0, 0], {"arr_at_risk": 60000, "uptime_breached": False})
    asked = {row.code: row for row in decision.unknown}
    assert set(asked) == {"T2", "T3", "T4", "T5"}
    assert asked["T2"].ask == "users affected?"
    assert asked["T2"].could_raise_to is S1
    assert asked["T5"].could_raise_to is None  # S2 already holds by T1
    assert decision.severity is S2


def test_a_fact_of_the_wrong_type_is_unknown():
    wrong = {"arr_at_risk": "a lot", "users_pct": True, "uptime_breached": "yes"}
    decision = decide([0, 0, 0, 0, 0], wrong | {"core_down_no_workaround": 1})
    assert decision.floor is None
    assert len(decision.unknown) == 6
    assert decide([0] * 5, {"arr_at_risk": Decimal("NaN")}).floor is None
    assert decide([0] * 5, {"arr_at_risk": "50000.01"}).floor is S2


def test_severity_is_the_more_severe_of_band_floor_and_declared():
    assert decide([0] * 5, declared=S3).severity is S3
    assert decide([4] * 5, declared=S3).severity is S1
    assert decide([0] * 5, {"uptime_breached": True}, declared=S3).severity is S2
    routed = decide([0] * 5, route_floor=S2)
    assert (routed.severity, routed.floor_codes) == (S2, ("route",))


def test_a_category_floor_is_dropped_once_the_three_facts_are_known():
    facts = {"users_pct": 1, "arr_at_risk": 100}
    held = decide([0] * 5, facts, category="outage")
    assert (held.severity, held.floor_codes) == (S2, ("default:outage",))
    dropped = decide([0] * 5, facts | {"core_down_no_workaround": False}, category="outage")
    assert (dropped.severity, dropped.floor) == (S4, None)
    assert decide([0] * 5, facts, category="no such category").severity is S4
    assert decide([0] * 5, facts | {"core_down_no_workaround": None}, category="outage").floor is S2


def test_the_distance_to_the_bands_is_told():
    decision = decide([2, 2, 4, 3, 2])
    assert (decision.above_bp, decision.to_next_bp) == (250, 1750)
    assert decision.band_distance == "2.5 points above S2, 17.5 below S1"
    assert decide([0] * 5).band_distance == "35 points below S3"
    assert decide([4] * 5).band_distance == "20 points above S1"
    assert points(-1205) == "-12.05"


def test_the_smallest_change_is_one_anchor_when_one_is_enough():
    change = decide([2, 2, 4, 3, 2]).smallest_change
    assert (change.kind, change.code, change.before, change.after) == ("anchor", "segment", 4, 3)
    assert change.severity is S3


def test_the_smallest_change_is_a_fact_when_a_floor_holds_the_severity():
    change = decide([0] * 5, {"uptime_breached": True}).smallest_change
    assert (change.kind, change.code, change.after, change.severity) == ("test", "T3", True, S1)
    change = decide([0] * 5, {"data_or_legal_confirmed": True}).smallest_change
    assert (change.code, change.after, change.severity) == ("T3", False, S4)


def test_the_stored_form_is_plain_json_with_sources_and_times():
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    anchors = {"technical": Input(3, "agent", at)}
    facts = {"arr_at_risk": Input(Decimal("120000.50"), "crm", at)}
    stored = json.loads(json.dumps(score(DOC, anchors, facts).as_json()))
    assert stored["severity"] == "S2"
    assert stored["inputs"][0] == {
        "factor": "technical",
        "anchor": 3,
        "weight": 30,
        "points_bp": 2250,
        "source": "agent",
        "at": "2026-03-02T09:00:00+00:00",
        "is_assumed": False,
    }
    assert stored["tests"][0]["value"] == "120000.50"
    assert stored["tests"][0]["source"] == "crm"
    assert stored["policy"] == "default v1"


@pytest.mark.parametrize(
    ("arr", "anchor"),
    [
        (None, None),
        ("0", 0),
        ("-5", 0),
        ("9999.99", 1),
        ("10000", 2),
        ("50000", 2),
        ("50000.01", 3),
        ("250000", 3),
        ("250000.01", 4),
    ],
)
def test_revenue_anchors_follow_the_rubric(arr, anchor):
    assert revenue_anchor(None if arr is None else Decimal(arr)) == anchor


def test_segment_anchors_follow_the_rubric():
    names = ("free", "SMB", "mid", "enterprise", "high potential", "strategic", "other", None)
    assert [segment_anchor(name) for name in names] == [0, 1, 2, 3, 3, 4, None, None]


# -- properties -------------------------------------------------------------------------------

ANCHORS = st.lists(st.integers(0, 4) | st.none(), min_size=5, max_size=5)
FLAGS = [test.fact for test in DOC.tests if test.op == "is"]
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "arr_at_risk": st.sampled_from([0, 50000, 50000.01, "90000"]),
        "users_pct": st.sampled_from([0, 10, 10.01, 60]),
        **dict.fromkeys(FLAGS, st.booleans()),
    },
)
SEVERITIES = st.sampled_from([None, S1, S2, S3, S4])


@examples(300)
@given(ANCHORS, FACTS, SEVERITIES, SEVERITIES, st.sampled_from([None, "outage", "question"]))
def test_no_floor_ever_lowers_severity(anchors, facts, declared, route_floor, category):
    decision = decide(anchors, facts, declared=declared, route_floor=route_floor, category=category)
    bare = decide(anchors)
    assert decision.severity <= bare.severity == bare.band == decision.band
    assert decision.severity in (decision.band, decision.floor, declared)
    assert (decision.floor is None) == (decision.floor_codes == ())


@examples(200)
@given(ANCHORS, FACTS, st.sampled_from(FLAGS))
def test_a_flag_that_turns_true_never_makes_it_milder(anchors, facts, flag):
    less = decide(anchors, {**facts, flag: False})
    more = decide(anchors, {**facts, flag: True})
    assert more.severity <= less.severity


@examples(200)
@given(ANCHORS, FACTS)
def test_the_smallest_change_does_what_it_says(anchors, facts):
    decision = decide(anchors, facts)
    change = decision.smallest_change
    if change is None:
        return
    assert change.severity != decision.severity
    if change.kind == "anchor":
        changed = dict(zip(CODES, anchors, strict=True)) | {change.code: change.after}
        assert score(DOC, changed, facts).severity == change.severity
        weights = {factor.code: factor.weight for factor in DOC.factors}
        size = abs(change.after - change.before) * weights[change.code]
        for code, anchor in product(CODES, range(5)):
            before = next(row.anchor for row in decision.inputs if row.factor == code)
            if abs(anchor - before) * weights[code] < size:
                other = dict(zip(CODES, anchors, strict=True)) | {code: anchor}
                assert score(DOC, other, facts).severity == decision.severity


@examples(100)
@given(ANCHORS, FACTS)
def test_what_an_unknown_could_raise_to_can_be_reached(anchors, facts):
    decision = decide(anchors, facts)
    worst = {"arr_at_risk": 10**6, "users_pct": 100} | dict.fromkeys(FLAGS, True)
    answered = decide(anchors, worst | facts)
    hopes = [row.could_raise_to for row in decision.unknown if row.could_raise_to]
    assert answered.severity == min([decision.severity, *hopes])


# -- the default policy -----------------------------------------------------------------------


def test_the_default_policy_stands_on_its_own_names():
    assert sum(factor.weight for factor in DOC.factors) == 100
    assert all(len(factor.anchors) == 5 for factor in DOC.factors)
    assert DOC.rules[-1].when is None and DOC.rules[-1].team == "frontline"
    tests = {test.code for test in DOC.tests}
    assert all(set(floor.all_of) <= tests for floor in DOC.floors)
    for rule in DOC.severities.values():
        ladder = DOC.ladders[rule.ladder]
        assert [level.number for level in ladder.levels] == list(range(1, len(ladder.levels) + 1))
        assert ladder.fallback


def test_the_default_targets_are_those_of_the_table():
    table = {
        (severity.label, kind.value): (target.target_s, target.is_business)
        for severity, rule in DOC.severities.items()
        for kind, target in rule.targets.items()
    }
    hour = 3600
    assert table == {
        ("S1", "response"): (300, False),
        ("S1", "restore"): (2 * hour, False),
        ("S1", "resolution"): (24 * hour, False),
        ("S1", "cadence"): (1800, False),
        ("S2", "response"): (1800, False),
        ("S2", "restore"): (8 * hour, False),
        ("S2", "resolution"): (120 * hour, False),
        ("S2", "cadence"): (hour, False),
        ("S3", "response"): (4 * hour, True),
        ("S3", "resolution"): (24 * hour, True),
        ("S3", "cadence"): (8 * hour, True),
        ("S4", "response"): (8 * hour, True),
        ("S4", "resolution"): (80 * hour, True),
    }


def test_a_default_severity_of_s4_changes_nothing():
    doc = replace(DOC, categories={"q": Category("q", "Question", S4)})
    assert score(doc, {}, {}, category="q").severity is S3
