from __future__ import annotations

from datetime import UTC, datetime

import pytest

from escalations.rules.lifecycle import MOVES, Severity, Situation, State, Verb, unmet
from escalations.rules.playbooks import (
    WEIGHTS,
    Conditions,
    Match,
    Surroundings,
    best,
    match,
    needs_second_person,
    not_verified,
)

KNOWN = Surroundings(
    kind="kpi",
    kpi="conv",
    failure_mode="breach",
    product_area="Shop",
    tier="strategic",
    category="outage",
    severity=2,
)


def conditions(**given):
    return Conditions(**given)


@pytest.mark.parametrize(
    "given, why",
    [
        (
            {"kpi": "conv", "kpi_name": "Checkout conversion", "failure_mode": "breach"},
            "because KPI Checkout conversion is in breach",
        ),
        ({"kpi": "conv", "kpi_name": "Checkout"}, "because it is about KPI Checkout"),
        ({"failure_mode": "breach"}, "because its KPI is in breach"),
        ({"product_area": "shop"}, "because the product area is shop"),
        ({"tier": "strategic"}, "because the customer's tier is strategic"),
        ({"kind": "kpi"}, "because it is a KPI incident"),
        ({"severity_at_least": 2}, "because it is an S2 or worse"),
        ({"severity_at_least": 3}, "because it is an S3 or worse"),
        (
            {"category": "outage", "tier": "strategic", "kind": "kpi"},
            "because the category is outage, the customer's tier is strategic and it is a KPI "
            "incident",
        ),
    ],
)
def test_a_trigger_that_holds_says_why(given, why):
    found = match(conditions(**given), KNOWN)
    assert found == Match(sum(WEIGHTS[name] for name in given if name != "kpi_name"), why)


@pytest.mark.parametrize(
    "given",
    [
        {"kpi": "other"},
        {"kpi": "conv", "failure_mode": "warn"},
        {"product_area": "cards"},
        {"tier": "free"},
        {"category": "integration"},
        {"kind": "customer"},
        {"severity_at_least": 1},
        {"kpi": "conv", "tier": "free"},
        {},
    ],
)
def test_a_trigger_with_a_condition_that_fails_or_with_none_proposes_nothing(given):
    assert match(conditions(**given), KNOWN) is None


@pytest.mark.parametrize(
    "given",
    [
        {"kpi": "conv"},
        {"failure_mode": "breach"},
        {"product_area": "shop"},
        {"tier": "strategic"},
        {"category": "outage"},
        {"kind": "kpi"},
        {"severity_at_least": 4},
    ],
)
def test_what_is_unknown_never_holds(given):
    assert match(conditions(**given), Surroundings()) is None


def test_the_closest_trigger_of_a_playbook_speaks_and_a_named_kpi_beats_any_mix():
    broad = conditions(
        category="outage", product_area="shop", failure_mode="breach", tier="strategic", kind="kpi"
    )
    named = conditions(kpi="conv", kpi_name="Checkout")
    found = best([broad, named, conditions(tier="free")], KNOWN)
    assert found is not None and found.why == "because it is about KPI Checkout"
    assert best([], KNOWN) is None


@pytest.mark.parametrize(
    "kind, is_kpi, verification, kpi_state, may",
    [
        ("remediation", False, "", "", True),
        ("remediation", True, "", "breach", False),
        ("incident", True, "", "breach", False),
        ("communication", True, "", "breach", False),
        ("recovery", True, "", "breach", False),
        ("recovery", True, "", "no_data", True),
        ("recovery", True, "", "suspect", True),
        ("remediation", True, "", "no_data", False),
        ("remediation", True, "confirmed", "breach", True),
        ("remediation", True, "inconclusive", "breach", True),
        ("remediation", True, "data_fault", "breach", False),
        ("recovery", True, "data_fault", "breach", True),
    ],
)
def test_no_remedy_runs_on_unproven_figures(kind, is_kpi, verification, kpi_state, may):
    said = not_verified(kind=kind, is_kpi=is_kpi, verification=verification, kpi_state=kpi_state)
    assert (said == "") is may


@pytest.mark.parametrize(
    "kind, is_kpi, second",
    [("remediation", True, True), ("remediation", False, False), ("recovery", True, False)],
)
def test_a_remediation_on_a_kpi_always_has_a_second_person(kind, is_kpi, second):
    assert needs_second_person(kind=kind, is_kpi=is_kpi) is second


@pytest.mark.parametrize(
    "given, has_playbook, codes",
    [
        ({}, False, ["plan_missing"]),
        ({"plan": "Roll back."}, False, []),
        ({}, True, []),
    ],
)
def test_a_running_playbook_is_a_plan(given, has_playbook, codes):
    situation = Situation(
        state=State.ACKNOWLEDGED,
        severity=Severity.S3,
        at=datetime(2026, 11, 17, tzinfo=UTC),
        rights=frozenset({MOVES[Verb.MITIGATE].right}),
        given=given,
        is_commander=True,
        has_playbook=has_playbook,
    )
    assert [each.code for each in unmet(Verb.MITIGATE, situation)] == codes
