"""The worked cases of tests/cases/rules.json, all of them, and that a difference is seen."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from escalations.rules.rule_cases import PARTS, differences

CASES = json.loads((Path(__file__).parents[2] / "cases" / "rules.json").read_text())


def test_every_worked_case_agrees():
    assert differences(CASES) == (24, 118, [])


def test_every_part_of_the_document_is_run():
    assert set(CASES) - {"about"} == set(PARTS)
    assert differences({}) == (0, 0, [])


def other(value):
    """The same shape with one number or word changed."""
    if isinstance(value, bool) or value is None:
        return "other"
    if isinstance(value, int | float):
        return value + 0.01
    return f"{value} other"


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ("kpi", (0, "states", 4)),
        ("baseline", ("low",)),
        ("severity", (0, "score")),
        ("severity", (2, "floor")),
        ("account", (1, "priority")),
        ("kappa", ("under",)),
        ("percentile_type7", ("p90",)),
        ("wilson95", ("low",)),
        ("fairness", ("gini",)),
        ("handoffs", (1, "index")),
        ("ladder", ("steps", 5, "at_min")),
    ],
)
def test_a_changed_number_is_told(part, place):
    document = copy.deepcopy({part: CASES[part]})
    holder = document[part]
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = other(holder[place[-1]])
    _, _, found = differences(document)
    assert len(found) == 1 and found[0].startswith(f"{part} ")


def test_a_range_kpi_may_be_written_with_pairs_or_with_two_names():
    pairs = {
        "direction": "range",
        "breach": [1, 10],
        "clear_breach": [2, 9],
        "warn": [3, 8],
        "clear_warn": [4, 7],
        "N": 1,
        "M": 1,
        "values": [5, 8.5, 11, 6],
        "states": ["ok", "warn", "breach", "ok"],
    }
    names = {k: v for k, v in pairs.items() if not isinstance(v, list) or len(v) == 4}
    for level in ("breach", "clear_breach", "warn", "clear_warn"):
        names[f"{level}_lo"], names[f"{level}_hi"] = pairs[level]
    assert differences({"kpi": [pairs, names]}) == (2, 8, [])
