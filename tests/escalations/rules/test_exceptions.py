"""Which exception sets a target, what exceptions owe, and what a pause keeps: tables of cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from escalations.rules.automation import Pause, Scope, last_to_end
from escalations.rules.default_policy import default_policy
from escalations.rules.exceptions import Bend, Debt, Owed, Place, chosen, debt
from escalations.rules.ladder import after_pause, beside_answer, halt, start
from tests.escalations.rules.test_ladder import staffed

AT = datetime(2026, 11, 17, 10, tzinfo=UTC)
DAY = timedelta(days=1)
PLACE = Place(policy=1, severity=2, incident=9, account=3, team=4, product_area="cards")
WIDE = Bend(1, 1, "restore", 600, AT - DAY, AT + DAY)


@pytest.mark.parametrize(
    "change",
    [
        {"policy": 2},
        {"clock_kind": "response"},
        {"severity": 1},
        {"incident": 8},
        {"account": 2},
        {"team": 5},
        {"product_area": "loans"},
        {"starts_at": AT + timedelta(microseconds=1)},
        {"expires_at": AT},
    ],
)
def test_an_exception_covers_only_what_it_is_limited_to(change):
    assert WIDE.covers(PLACE, "restore", AT)
    assert not replace(WIDE, **change).covers(PLACE, "restore", AT)
    assert chosen([replace(WIDE, **change)], PLACE, "restore", AT) is None


def test_the_narrowest_wins_then_one_severity_then_the_newest():
    in_order = [
        WIDE,
        replace(WIDE, pk=2),
        replace(WIDE, pk=1, severity=2),
        replace(WIDE, pk=1, product_area="cards"),
        replace(WIDE, pk=1, team=4),
        replace(WIDE, pk=1, account=3),
        replace(WIDE, pk=1, account=3, severity=2),
        replace(WIDE, pk=1, incident=9),
    ]
    for count in range(1, len(in_order) + 1):
        assert chosen(in_order[:count][::-1], PLACE, "restore", AT) == in_order[count - 1]


def test_the_debt_counts_what_is_old_dear_and_renewed_again_and_again():
    owed = [
        Owed(AT - DAY, AT + DAY, 2, 1050, "EUR"),
        Owed(AT - 3 * DAY, AT + 4 * DAY, 1, 950, "EUR"),
        Owed(AT, AT + DAY, 0, 5, "USD"),
        Owed(AT, AT + DAY, 0, None, ""),
    ]
    costs = (("EUR", 2000), ("USD", 5))
    assert debt(owed, AT) == Debt(4, 1, 1, costs, AT - 3 * DAY)
    assert debt([], AT) == Debt()


EVERYTHING = Pause(1, Scope.ALL, AT, AT + DAY, is_approved=True)
STEP = {"version": 7, "kpi": 3, "ladder": "s2", "severity": 2}
OPENING = {"version": 7, "kpi": 3, "declared": 2}


@pytest.mark.parametrize(
    ("pause", "step", "opening"),
    [
        ({}, True, True),
        ({"scope": Scope.POLICY, "versions": frozenset({7, 8})}, True, True),
        ({"scope": Scope.POLICY, "versions": frozenset({8})}, False, False),
        ({"scope": Scope.KPI, "kpi": 3}, True, True),
        ({"scope": Scope.KPI, "kpi": 4}, False, False),
        ({"scope": Scope.LADDER, "ladder": "s2", "versions": frozenset({7})}, True, False),
        ({"scope": Scope.LADDER, "ladder": "s2", "versions": frozenset({8})}, False, False),
        ({"scope": Scope.LADDER, "ladder": "s1", "versions": frozenset({7})}, False, False),
    ],
)
def test_a_pause_keeps_what_its_scope_covers(pause, step, opening):
    found = replace(EVERYTHING, **pause)
    assert (found.keeps_step(**STEP), found.keeps_opening(**OPENING)) == (step, opening)
    alone = replace(found, is_approved=False)
    assert not alone.keeps_step(**STEP | {"severity": 1})
    assert not alone.keeps_opening(**OPENING | {"declared": 1})


def test_a_pause_lasts_up_to_its_end_and_the_last_to_end_keeps():
    later = replace(EVERYTHING, pk=2, ends_at=AT + 2 * DAY)
    assert last_to_end([later, EVERYTHING]) == later
    assert last_to_end([]) is None
    assert EVERYTHING.lasts(AT) and not EVERYTHING.lasts(AT + DAY)
    assert not EVERYTHING.lasts(AT - timedelta(microseconds=1))


def told(steps) -> list[tuple[str, int, tuple]]:
    return [(step.kind.value, step.level, step.people) for step in steps]


def test_after_a_pause_the_steps_that_fell_due_come_before_the_jump_of_a_breach():
    ladder = default_policy().ladders["s1"]
    begun = start(ladder, AT)
    late = AT + timedelta(minutes=7)
    run, steps = after_pause(begun, ladder, staffed(), late)
    assert told(steps) == [
        ("page", 1, ("ann",)),
        ("page", 2, ("ben",)),
        ("jump", 3, ("dora",)),
    ]
    assert [step.late_by_s for step in steps[:2]] == [420, 120]
    assert after_pause(run, ladder, staffed(), late)[1][:1] != steps[:1], "nobody twice"

    # Beside an answer: the first level where none was paged yet, and nobody in its place.
    answered = halt(replace(begun, acked=frozenset({"sue"})))
    run, steps = beside_answer(answered, ladder, staffed(), late)
    assert (told(steps), run.state) == ([("page", 1, ("ann",))], answered.state)
    owner = halt(replace(begun, acked=frozenset({"ann"})))
    run, steps = beside_answer(owner, ladder, staffed(), late)
    assert (steps, run.level) == ((), 1)
    assert told(beside_answer(run, ladder, staffed(), late)[1])[0][0] == "jump"
