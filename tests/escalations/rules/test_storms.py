"""What comes together, and when a storm is over (SEMANTICS 2.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from escalations.rules.limits import Limits
from escalations.rules.storms import Group, dimensions_of, ends_at, group_of

AT = datetime(2026, 11, 17, 10, tzinfo=UTC)
LIMITS = Limits()


def after(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("opened", "end"),
    [
        ([], 15),
        ([0, 0, 0, 0, 0], 20),
        ([0, 0, 0, 0], 15),
        ([0, 0, 0, 0, 0, 1, 9], 20),
        ([0, 1, 2, 3, 4], 20),
        ([0, 1, 2, 3, 5], 15),
        ([0, 0, 0, 0, 0, 10, 11, 12, 13, 14], 30),
        ([0, 0, 0, 0, 0, 4, 4, 4, 4], 20),
    ],
)
def test_a_storm_is_calm_from_the_instant_its_rate_falls_below_half(opened, end):
    found = ends_at([after(each) for each in opened], AT, "account:x", LIMITS)
    assert found == after(end)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, set()),
        ({"account": "acme", "area": "shop"}, {"account:acme", "area:shop"}),
        ({"account": "acme", "area": "shop", "kpi": "conversion"}, {"kpi:conversion"}),
    ],
)
def test_what_an_incident_may_share(facts, expected):
    assert dimensions_of(**facts) == expected


@pytest.mark.parametrize(
    ("started", "last", "shared", "is_part"),
    [
        (-5, -5, "area:shop", True),
        (-5.01, -5.01, "area:shop", False),
        (-60, -1, "area:shop", True),
        (-60.01, -1, "area:shop", False),
        (-1, -1, "area:login", False),
    ],
)
def test_a_group_takes_what_comes_within_five_minutes_of_its_last_and_an_hour_of_its_first(
    started, last, shared, is_part
):
    group = Group(1, frozenset({"area:shop", "account:acme"}), after(started), after(last))
    assert (group_of([group], frozenset({shared}), AT, LIMITS) is group) is is_part


def test_of_two_groups_the_older_one_takes_it():
    old, young = (Group(n, frozenset({"all:x"}), after(-n), AT) for n in (9, 3))
    assert group_of([young, old], frozenset({"all:x"}), AT, LIMITS) is old
