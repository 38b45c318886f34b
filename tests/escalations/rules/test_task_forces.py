"""Which rule asks for a task force: the first whose every condition holds; and what is odd."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as some

from escalations.rules.default_policy import default_policy
from escalations.rules.policy import Daily, EveryHours, Severity, TaskForceRule
from escalations.rules.policy_diff import compare
from escalations.rules.policy_documents import write
from escalations.rules.policy_reader import read
from escalations.rules.task_force_lint import lint_task_force_teams, lint_task_forces
from escalations.rules.task_forces import (
    Trouble,
    meets_in_words,
    read_meets,
    task_force_for,
    when_in_words,
)
from escalations.services.policies import digest

S1, S2, S3, S4 = Severity
DEFAULT = default_policy()


def doc(*rules):
    return replace(DEFAULT, task_forces=rules)


RULES = doc(
    TaskForceRule(4, "last", S3),
    TaskForceRule(1, "strategic", S2, tier="strategic"),
    TaskForceRule(2, "pay", S2, product_area="Payments", category="outage"),
    TaskForceRule(3, "worst", S1),
)


@pytest.mark.parametrize(
    ("trouble", "name"),
    [
        (Trouble(S1, "strategic"), "strategic"),  # the lowest position, wherever it stands
        (Trouble(S2, "strategic"), "strategic"),
        (Trouble(S3, "strategic"), "last"),  # milder than the first asks
        (Trouble(S1, "enterprise"), "worst"),
        (Trouble(S1), "worst"),  # a tier that is not known is none
        (Trouble(S2, "", "payments", "outage"), "pay"),  # small letters or large
        (Trouble(S2, "", "payments"), "last"),
        (Trouble(S2, "", "", "outage"), "last"),
        (Trouble(S2, "", "payments", "billing"), "last"),
        (Trouble(S4, "strategic", "Payments", "outage"), None),
    ],
)
def test_the_first_rule_whose_every_condition_holds_asks_for_one(trouble, name):
    found = task_force_for(RULES, trouble)
    assert (found and found.name) == name


TIERS, AREAS, CATEGORIES = ("", "strategic"), ("", "Pay"), ("", "outage", "billing")
troubles = [Trouble(*each) for each in product(Severity, TIERS, AREAS, CATEGORIES)]
conditions = some.tuples(
    some.sampled_from(Severity),
    some.sampled_from(TIERS),
    some.sampled_from(AREAS),
    some.sampled_from(CATEGORIES),
)


def naive(rows, trouble):
    """Row by row, condition by condition."""
    for place, (severity, *asked) in enumerate(rows, 1):
        known = (trouble.tier, trouble.product_area, trouble.category)
        wrong = [a for a, k in zip(asked, known, strict=True) if a and a != k]
        if trouble.severity.value <= severity.value and not wrong:
            return place
    return None


@given(some.lists(conditions, max_size=6))
def test_it_does_as_a_person_with_a_list_does_and_says_which_rules_are_never_reached(rows):
    """What the lint says of reach is exact: every incident there may be is tried."""
    said = doc(*(TaskForceRule(n, f"r{n}", *row) for n, row in enumerate(rows, 1)))
    reached = set()
    for trouble in troubles:
        found = task_force_for(said, trouble)
        assert (found and found.position) == naive(rows, trouble)
        reached.add(found and found.position)
    never = {f.where for f in lint_task_forces(said) if f.code == "task_force_unreachable"}
    assert never == {f"task force r{n}" for n in range(1, len(rows) + 1) if n not in reached}


def test_what_is_odd_is_said():
    said = doc(
        TaskForceRule(1, "major", S2, team="frontline"),
        TaskForceRule(2, "worst", S1, tier="strategic", team="gone"),
        TaskForceRule(3, "odd", S3, category="weather", team="empty"),
    )
    assert [(f.is_error, f.code, f.sentence) for f in lint_task_forces(said)] == [
        (
            True,
            "task_force_unreachable",
            "Task force 2, 'worst', is never formed: 1, 'major', takes all it would.",
        ),
        (
            False,
            "task_force_category",
            "Task force 'odd' asks for the category 'weather': there is no such category.",
        ),
    ]
    teams = lint_task_force_teams(said, {"frontline": 2, "empty": 0})
    assert [(f.is_error, f.code) for f in teams] == [
        (False, "task_force_team"),
        (False, "task_force_nobody"),
    ]


@pytest.mark.parametrize(
    ("text", "meets"),
    [
        ("", None),
        ("every 1 h", EveryHours(1)),
        ("every  168h", EveryHours(168)),
        ("daily at 9:30 Europe/Berlin", Daily(time(9, 30), "Europe/Berlin")),
        ("daily at 09:30:15 UTC", Daily(time(9, 30, 15), "UTC")),
    ],
)
def test_a_meeting_is_said_and_read_back(text, meets):
    assert read_meets(text) == meets
    assert read_meets(meets_in_words(meets)) == meets


@pytest.mark.parametrize(
    "text", ["every 0 h", "every 169 h", "daily at 24:30 UTC", "daily at 09:30", "weekly",
             "daily at 09:30 Mars/Base", "every 2 h and daily at 09:30 UTC"],
)  # fmt: skip
def test_what_is_no_meeting_is_refused(text):
    with pytest.raises(ValueError):
        read_meets(text)


def test_conditions_read_as_a_sentence():
    said = [when_in_words(rule) for rule in sorted(RULES.task_forces, key=lambda r: r.position)]
    assert said == [
        "S2 or worse and tier is strategic",
        "S2 or worse and product area is Payments and category is outage",
        "S1",
        "S3 or worse",
    ]


def test_what_was_approved_before_versions_carried_task_forces_keeps_its_hash():
    """The hash is that of the default policy before there were any; none of its own is another
    thing to say than those of the house."""
    before = "0b2d896aadd09945fb027b36835cdc4d794b144ac6aeac4edfb5e5482d9cb77c"
    older = replace(DEFAULT, has_task_forces_of_house=True)
    assert digest(older) == digest(replace(older, task_forces=())) == before
    own = {digest(DEFAULT), digest(doc()), digest(RULES)}
    assert len(own) == 3 and before not in own
    assert compare(older, DEFAULT).sentences == (
        "Limit Task forces is gone (value: those of the house, from before versions carried them).",
    )


def test_a_document_without_a_word_of_them_is_told_from_one_with_none():
    content = write(DEFAULT)
    assert not read({**content, "task_forces": []}, policy="p").has_task_forces_of_house
    del content["task_forces"]
    assert read(content, policy="p").has_task_forces_of_house
