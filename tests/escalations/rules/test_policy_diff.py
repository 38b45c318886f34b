"""Nothing of a policy changes unseen, and what did not change is not said to have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import time
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from escalations.rules.default_policy import default_policy
from escalations.rules.policy import (
    ClockKind,
    ClockTarget,
    Condition,
    Daily,
    EveryHours,
    Group,
    RoutingRule,
    Severity,
    SeverityRule,
    SortingRule,
    TargetKind,
    TaskForceRule,
)
from escalations.rules.policy_diff import Mark, compare
from escalations.rules.policy_tables import in_words, tables

EU = Condition("segment", "in", ("eu", "uk"))
BIG = Condition("arr_at_risk", ">", 50_000)
RULE = RoutingRule(1, "Payments", Group("all", (EU, BIG)), "payments", None, "cards", Severity.S2)
SORTING = (
    SortingRule("Cards", "payments", 80, ("card", "invoice"), {"product_area": "checkout"}),
    SortingRule("Anything billed", "billing", 40, fields={"source": "billing-desk"}),
)
TASK_FORCES = (
    TaskForceRule(
        1,
        "Worst of the EU",
        Severity.S1,
        tier="strategic",
        product_area="checkout",
        category="outage",
        team="payments",
        channel_url="https://chat.example/1",
        bridge_url="https://meet.example/1",
        meets=EveryHours(2),
    ),
    TaskForceRule(
        2,
        "Major",
        Severity.S2,
        team="payments",
        channel_url="http://chat.example/2",
        bridge_url="tel:+4930123",
        meets=Daily(time(9, 30), "Europe/Berlin"),
    ),
)
POLICY = replace(
    default_policy(),
    rules=(RULE, replace(default_policy().rules[0], position=2)),
    sorting=SORTING,
    task_forces=TASK_FORCES,
    agreed_sources=("phone",),
)
# Who it is, and an order or place that is told by the row itself.
IDENTITY = {"version_id", "policy", "number", "name", "code"}
KEYS = {(SeverityRule, "severity"), (ClockTarget, "kind")}


def changed(value: Any, path: str) -> Any:
    """Another value of the same kind."""
    if value is None and path.endswith(".when"):
        return EU
    if value is None and path.endswith("severity_floor") or path.endswith("default_severity"):
        return Severity.S3
    match value:
        case bool():
            return not value
        case Enum():
            return next(each for each in type(value) if each is not value)
        case int():
            return value + 1
        case Decimal():
            return value + 1
        case str():
            return value + "x"
        case time():
            return time(3)
        case None:
            return "x"
        case Condition() | Group():
            return Condition("kind", "is_empty")
    raise TypeError(value)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each path in a document -> the same document with another value there."""
    if is_dataclass(value) and not isinstance(value, (Condition, Group)):
        for each in fields(value):
            repeats_its_key = (type(value), each.name) in KEYS
            if each.name in IDENTITY or repeats_its_key:
                continue
            if each.name == "depth" and value.kind is not TargetKind.MANAGER_OF:
                continue  # means nothing there
            for where, other in leaves(getattr(value, each.name), f"{path}.{each.name}"):
                yield where, replace(value, **{each.name: other})
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            for where, other in leaves(inner, f"{path}[{key}]"):
                yield where, {**value, key: other}
    elif isinstance(value, tuple):
        for place, inner in enumerate(value):
            for where, other in leaves(inner, f"{path}[{place}]"):
                yield where, (*value[:place], other, *value[place + 1 :])
    else:
        yield path, changed(value, path)


CHANGES = dict(leaves(POLICY))


@pytest.mark.parametrize("path", CHANGES)
def test_every_value_of_a_policy_that_changes_is_said(path):
    said = compare(POLICY, CHANGES[path]).sentences
    assert said, path
    assert all(sentence.endswith(".") for sentence in said)


def test_there_is_something_to_try_at_every_table():
    assert len(CHANGES) > 150
    assert {table.code for table in tables(POLICY)} == {
        *("severities", "rubric", "tests", "floors", "categories", "routing", "limits"),
        "examples",
        "sorting",
        "task_forces",
        *("ladder s1", "ladder s2", "ladder queue"),
    }


def test_a_policy_does_not_differ_from_itself():
    found = compare(POLICY, replace(POLICY, version_id=9, number=9, policy="Other"))
    assert found.sentences == ()
    assert all(row.mark is Mark.SAME for table in found.tables for row in table.rows)


def with_target(seconds: int | None) -> Any:
    rule = POLICY.severities[Severity.S1]
    targets = {
        **rule.targets,
        ClockKind.CADENCE: ClockTarget(ClockKind.CADENCE, seconds or 1, False),
    }
    if seconds is None:
        del targets[ClockKind.CADENCE]
    return replace(
        POLICY, severities={**POLICY.severities, Severity.S1: replace(rule, targets=targets)}
    )


def test_changes_are_said_in_one_plain_sentence_each():
    before = with_target(3600)
    after = replace(with_target(1800), factors=POLICY.factors[1:], rules=POLICY.rules[1:])
    assert compare(before, after).sentences == (
        "Severity S1: customer update goes from 1 h to 30 min.",
        "Factor technical is gone (name: Technical severity; weight: 30 %; if not known: anchor 2; "
        "anchor 0: Cosmetic; anchor 1: Minor, workaround; anchor 2: Degraded, workaround; "
        "anchor 3: Core function degraded, no workaround; anchor 4: Core down or data loss).",
        "Rule Payments is gone (place: 1; when: segment is one of eu, uk and arr at risk > 50,000; "
        "team: payments; ladder: that of the severity; skill: cards; at least: S2).",
    )
    assert compare(with_target(None), with_target(60)).sentences == (
        "Severity S1: customer update goes from none to 1 min.",
    )
    assert compare(POLICY, replace(POLICY, min_confidence=70)).sentences == (
        '"Check severity" below, per cent known goes from 60 to 70.',
    )


def test_a_row_that_is_gone_stands_where_it_stood():
    rubric = compare(POLICY, replace(POLICY, factors=POLICY.factors[:1] + POLICY.factors[2:]))
    (table,) = [each for each in rubric.tables if each.code == "rubric"]
    assert [(row.key, row.mark.value) for row in table.rows][:3] == [
        ("technical", "same"),
        ("business", "removed"),
        ("segment", "same"),
    ]
    assert table.changes == 1


def test_a_ladder_that_is_new_or_gone_is_a_table_of_such_rows():
    ladders = {name: each for name, each in POLICY.ladders.items() if name != "s2"}
    gone = {each.code: each for each in compare(POLICY, replace(POLICY, ladders=ladders)).tables}
    assert {row.mark for row in gone["ladder s2"].rows} == {Mark.REMOVED}
    new = {each.code: each for each in compare(replace(POLICY, ladders=ladders), POLICY).tables}
    assert {row.mark for row in new["ladder s2"].rows} == {Mark.ADDED}


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (EU, "segment is one of eu, uk"),
        (Condition("account", "is_empty", False), "account is not empty"),
        (Condition("users_pct", "between", (5, 10)), "users pct is between 5 and 10"),
        (Condition("uptime_breached", "is", True), "uptime breached is yes"),
        (Group("any", (EU, Group("all", (BIG, BIG)))),
         "segment is one of eu, uk or (arr at risk > 50,000 and arr at risk > 50,000)"),
    ],
)  # fmt: skip
def test_conditions_read_as_sentences(part, words):
    assert in_words(part) == words
