"""Who may answer a request, how many must, and when it takes effect."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from escalations.rules.changes import (
    NOTICE,
    RequestState,
    Standing,
    Verdict,
    effective_at,
    finding_key,
    may_withdraw,
    refusal,
    unanswered,
    writers,
)
from escalations.rules.routing_lint import Finding

AT = datetime(2026, 11, 17, 10, tzinfo=UTC)
AUTHOR, WRITER, FIRST, SECOND = 1, 2, 3, 4
OPEN = Standing(
    RequestState.IN_REVIEW,
    needed=2,
    approvals=1,
    author=AUTHOR,
    authors=frozenset({AUTHOR, WRITER}),
    answered=frozenset({AUTHOR, FIRST}),
)
TRIAL = replace(OPEN, state=RequestState.IN_FORCE, is_emergency=True)


@pytest.mark.parametrize(
    ("standing", "verdict", "person", "has_right", "code"),
    [
        (OPEN, Verdict.APPROVED, SECOND, True, None),
        (OPEN, Verdict.SENT_BACK, SECOND, True, None),
        (OPEN, Verdict.APPROVED, SECOND, False, "missing_right"),
        (OPEN, Verdict.APPROVED, AUTHOR, True, "own_request"),
        (OPEN, Verdict.SENT_BACK, AUTHOR, True, "own_request"),
        (OPEN, Verdict.APPROVED, WRITER, True, "own_draft"),
        (OPEN, Verdict.APPROVED, FIRST, True, "already_answered"),
        (TRIAL, Verdict.APPROVED, SECOND, True, None),
        (TRIAL, Verdict.SENT_BACK, SECOND, True, None),
        (replace(TRIAL, is_confirmed=True), Verdict.APPROVED, SECOND, True, "not_waiting"),
        *(
            (replace(OPEN, state=state), Verdict.APPROVED, SECOND, True, "not_waiting")
            for state in RequestState
            if state is not RequestState.IN_REVIEW
        ),
        (replace(OPEN, state=RequestState.SCHEDULED), Verdict.SENT_BACK, SECOND, True, None),
    ],
)
def test_who_may_answer(standing, verdict, person, has_right, code):
    refused = refusal(standing, verdict, person, has_right)
    assert (refused[0] if refused else None) == code


@pytest.mark.parametrize(
    ("standing", "enough"),
    [
        (OPEN, 2),
        (replace(OPEN, needed=3), 3),
        (replace(OPEN, is_emergency=True), 1),
        (TRIAL, 2),
    ],
)
def test_how_many_must_approve(standing, enough):
    assert standing.enough == enough
    assert not replace(standing, approvals=enough - 1).is_enough
    assert replace(standing, approvals=enough).is_enough


@pytest.mark.parametrize("state", RequestState)
def test_its_author_withdraws_what_is_not_in_force_yet(state):
    standing = replace(OPEN, state=state)
    assert may_withdraw(standing, AUTHOR) == (state in ("in_review", "sent_back", "scheduled"))
    assert not may_withdraw(standing, SECOND)


@pytest.mark.parametrize(
    ("asked_for", "found"),
    [
        (None, AT + NOTICE),
        (AT - NOTICE, AT + NOTICE),
        (AT + NOTICE / 2, AT + NOTICE),
        (AT + timedelta(days=2), AT + timedelta(days=2)),
    ],
)
def test_people_hear_of_it_an_hour_before(asked_for, found):
    assert effective_at(asked_for, AT) == found


def test_a_warning_is_open_until_its_own_words_are_acknowledged():
    one, two = Finding(False, "gap", "", "One."), Finding(False, "gap", "", "Two.")
    error = Finding(True, "gap", "", "Three.")
    assert unanswered([one, two, error], [finding_key(one)]) == (two,)
    assert unanswered([one], [finding_key(replace(one, sentence="Otherwise."))]) == (one,)


def test_who_sends_a_version_back_has_not_written_it():
    past = [
        ("draft", 1),
        ("draft", 2),
        ("in_review", 3),
        ("draft", 4),
        ("draft", 5),
        ("draft", None),
    ]
    assert writers(past) == {1, 2, 5}
