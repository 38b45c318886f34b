"""Actions: when they are due, who hears of it, and who may say what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from escalations.rules.action_items import (
    ActionSituation,
    ActionState,
    ActionVerb,
    action_stages,
    counts_from,
    default_due,
    is_overdue,
    unmet,
)
from escalations.rules.business_days import MONDAY_TO_FRIDAY
from escalations.rules.policy import Severity

DAY = date(2026, 11, 17)


@pytest.mark.parametrize(
    ("severity", "is_priority", "expected"),
    [
        (Severity.S1, True, date(2026, 12, 15)),
        (Severity.S2, True, date(2027, 1, 12)),
        (Severity.S3, True, date(2027, 2, 9)),
        (Severity.S1, False, date(2027, 2, 9)),
        (Severity.S4, False, date(2027, 2, 9)),
    ],
)
def test_the_usual_day_depends_on_severity_and_priority(severity, is_priority, expected):
    assert default_due(DAY, severity, is_priority=is_priority) == expected


def test_reminders_climb_by_business_days():
    stages = action_stages(DAY, MONDAY_TO_FRIDAY)
    assert [(stage.code, stage.at) for stage in stages] == [
        ("soon", datetime(2026, 11, 10, 9, tzinfo=UTC)),
        ("today", datetime(2026, 11, 17, 9, tzinfo=UTC)),
        ("manager", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("duty_manager", datetime(2026, 12, 1, 9, tzinfo=UTC)),
        ("sponsor", datetime(2026, 12, 15, 9, tzinfo=UTC)),
    ]


def test_moved_more_than_twice_counts_from_the_first_day():
    first, now = date(2026, 11, 1), date(2026, 12, 1)
    assert counts_from(first, now, 2) == now
    assert counts_from(first, now, 3) == first


@pytest.mark.parametrize(
    ("due_on", "moved", "expected"),
    [
        (DAY, 0, False),
        (date(2026, 11, 16), 0, True),
        (date(2026, 12, 24), 2, False),
        (date(2026, 12, 24), 3, True),
    ],
)
def test_what_counts_as_overdue(due_on, moved, expected):
    assert is_overdue(due_on, moved, DAY) is expected


ALL = frozenset({"write_review", "sign_off_review"})
MINE = ActionSituation(ActionState.OPEN, frozenset({"write_review"}), is_owner=True, due_on=DAY)
DONE = replace(MINE, state=ActionState.DONE)


@pytest.mark.parametrize(
    ("verb", "situation", "codes"),
    [
        ("start", MINE, []),
        ("start", replace(MINE, is_owner=False), ["not_owner"]),
        ("start", replace(MINE, is_owner=False, rights=ALL), []),
        ("finish", MINE, ["evidence_missing"]),
        ("finish", replace(MINE, given={"evidence": "x"}), []),
        ("finish", replace(DONE, given={"evidence": "x"}), ["wrong_state"]),
        ("verify", DONE, ["not_verifier"]),
        ("verify", replace(DONE, is_owner=False, rights=ALL), ["not_verifier"]),
        ("verify", replace(DONE, is_owner=False, is_verifier=True), []),
        ("verify", replace(DONE, is_verifier=True), ["not_verifier"]),
        ("verify", replace(MINE, is_owner=False, is_verifier=True), ["wrong_state"]),
        ("reject", replace(DONE, is_owner=False, is_verifier=True), ["reason_missing"]),
        ("wont-do", replace(MINE, given={"reason": "x"}), []),
        (
            "wont-do",
            replace(MINE, given={"reason": "x"}, is_asked=True, is_asker=True),
            ["second_person"],
        ),
        (
            "wont-do",
            replace(MINE, given={"reason": "x"}, is_asked=True, rights=ALL),
            ["own_action"],
        ),
        (
            "wont-do",
            replace(MINE, given={"reason": "x"}, is_asked=True, is_owner=False),
            ["missing_right"],
        ),
        (
            "wont-do",
            replace(MINE, given={"reason": "x"}, is_asked=True, is_owner=False, rights=ALL),
            [],
        ),
        ("move-due", MINE, ["reason_missing", "due_on_missing"]),
        ("move-due", replace(MINE, given={"reason": "x", "due_on": DAY}), ["same_day"]),
        ("move-due", replace(MINE, given={"reason": "x", "due_on": date(2027, 1, 1)}), []),
    ],
)
def test_every_unmet_guard_is_told_at_once(verb, situation, codes):
    assert [each.code for each in unmet(ActionVerb(verb), situation)] == codes
