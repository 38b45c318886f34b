"""The facts that floors are tested on."""

from __future__ import annotations

import pytest

from escalations.api.bodies import FactsIn
from escalations.rules.facts import FACTS, problems, worse
from escalations.selectors import decisions

BAD = [
    ({"users": 1}, "unknown_fact"),
    ({"users_pct": "many"}, "not_a_number"),
    ({"users_pct": True}, "not_a_number"),
    ({"users_pct": "NaN"}, "not_a_number"),
    ({"users_pct": -1}, "negative"),
    ({"users_pct": 101}, "too_large"),
    ({"users_pct": 1.00001}, "too_long"),
    ({"arr_at_risk": 10**12}, "too_long"),
    ({"uptime_breached": 1}, "not_a_boolean"),
    ([], "not_an_object"),
]


@pytest.mark.parametrize(("values", "code"), BAD)
def test_what_is_no_fact_is_named(values, code):
    assert [(field, found) for field, found, _ in problems("warn_facts", values)] == [
        ("warn_facts", code)
    ]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"users_pct": 100, "arr_at_risk": "60000.50", "uptime_breached": None},
        {"core_down_no_workaround": False, "users_pct": 0},
    ],
)
def test_facts_that_senders_may_send_may_be_declared(values):
    assert problems("warn_facts", values) == []
    assert FactsIn(data=values).is_valid()


def test_all_doors_know_the_same_facts():
    assert list(FACTS) == list(FactsIn().fields) == list(decisions.FACTS)
    for values, _ in BAD[:2] + BAD[4:8]:
        assert not FactsIn(data=values).is_valid(), values


@pytest.mark.parametrize(
    ("known", "said", "added"),
    [
        (
            {},
            {"users_pct": 5, "uptime_breached": False},
            {"users_pct": 5, "uptime_breached": False},
        ),
        ({"users_pct": "7.0000"}, {"users_pct": 5}, {}),
        ({"users_pct": 5}, {"users_pct": "7"}, {"users_pct": "7"}),
        ({"users_pct": None}, {"users_pct": 5}, {"users_pct": 5}),
        ({"uptime_breached": True}, {"uptime_breached": False}, {}),
        ({"uptime_breached": False}, {"uptime_breached": True}, {"uptime_breached": True}),
        ({"users_pct": 5}, {"users_pct": None}, {}),
    ],
)
def test_only_worse_facts_add_to_what_is_known(known, said, added):
    assert worse(known, said) == added
