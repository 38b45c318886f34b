"""When a review is asked for, its deadlines, its language, its gaps and its moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from escalations.rules.business_days import MONDAY_TO_FRIDAY, BusinessDays
from escalations.rules.policy import Severity
from escalations.rules.reviews import (
    MOVES,
    Case,
    ReviewSituation,
    ReviewState,
    ReviewVerb,
    Stage,
    allowed,
    deadlines,
    gaps,
    names_in,
    next_at,
    passed,
    review_stages,
    unmet,
    why_required,
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("case", "codes"),
    [
        (Case(Severity.S1), ["s1"]),
        (Case(Severity.S2), ["s2"]),
        (Case(Severity.S3), []),
        (Case(Severity.S3, is_strategic=True), []),
        (Case(Severity.S3, has_breach=True), []),
        (Case(Severity.S4, is_strategic=True, has_breach=True), ["strategic_breach"]),
        (Case(Severity.S3, is_data_or_legal=True), ["data_or_legal"]),
        (Case(Severity.S3, reopen_count=1), []),
        (Case(Severity.S3, reopen_count=2), ["reopened"]),
        (Case(Severity.S4, asked_by="Ana: close call"), ["near_miss"]),
        (
            Case(Severity.S1, is_data_or_legal=True, reopen_count=3),
            ["s1", "data_or_legal", "reopened"],
        ),
    ],
)
def test_each_rule_that_asks_for_a_review_says_so(case, codes):
    found = why_required(case)
    assert list(found) == codes
    assert all(sentence.endswith(".") for sentence in found.values())


NEW_YORK = BusinessDays(
    zone="America/New_York",
    closed=frozenset({date(2026, 11, 26)}),
    opened=frozenset({date(2026, 11, 28)}),
)


@pytest.mark.parametrize(
    ("days", "start", "count", "expected"),
    [
        (MONDAY_TO_FRIDAY, "2026-11-17T10:00", 1, "2026-11-18T10:00"),
        (MONDAY_TO_FRIDAY, "2026-11-20T17:00", 1, "2026-11-23T17:00"),  # over a weekend
        (MONDAY_TO_FRIDAY, "2026-11-21T10:00", 1, "2026-11-24T00:00"),  # Saturday: all of Monday
        (MONDAY_TO_FRIDAY, "2026-11-17T10:00", 5, "2026-11-24T10:00"),
        (MONDAY_TO_FRIDAY, "2026-11-17T10:00", 10, "2026-12-01T10:00"),
        (MONDAY_TO_FRIDAY, "2026-11-17T10:00", 0, "2026-11-17T10:00"),
        (NEW_YORK, "2026-11-25T15:00", 1, "2026-11-27T15:00"),  # over Thanksgiving
        (NEW_YORK, "2026-11-27T15:00", 1, "2026-11-28T15:00"),  # a Saturday that is worked
        (NEW_YORK, "2026-11-21T04:59", 1, "2026-11-24T04:59"),  # still Friday in New York
    ],
)
def test_business_days_are_counted(days, start, count, expected):
    assert days.after(utc(start), count) == utc(expected)


def test_a_calendar_that_never_opens_still_ends():
    never = BusinessDays(weekdays=frozenset())
    assert never.after(utc("2026-11-17T10:00"), 1) > utc("2026-11-17T10:00")


def test_only_an_s1_has_a_day_to_be_signed_off_by():
    at = utc("2026-11-17T10:00")
    due = deadlines(at, Severity.S1, MONDAY_TO_FRIDAY)
    assert due.sign_off_by == utc("2026-12-01T10:00")
    assert [stage.code for stage in review_stages(due)] == ["schedule", "hold", "sign_off"]
    assert deadlines(at, Severity.S2, MONDAY_TO_FRIDAY).sign_off_by is None


def test_stages_are_told_once_and_in_order():
    at = utc("2026-11-17T10:00")
    stages = [Stage(n, at + timedelta(days=n), str(n)) for n in (1, 2, 3)]
    assert [s.number for s in passed(stages, 0, at + timedelta(days=2))] == [1, 2]
    assert [s.number for s in passed(stages, 1, at + timedelta(days=2))] == [2]
    assert passed(stages, 2, at + timedelta(days=2)) == []
    assert next_at(stages, 1) == at + timedelta(days=2)
    assert next_at(stages, 3) is None


PEOPLE = [("Ana", "Reyes", "agent"), ("Will", "Wu", "ww"), ("", "", "robot-7")]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ana Reyes pressed it.", ["Ana Reyes"]),
        ("ana reyes pressed it.", ["Ana Reyes"]),
        ("Reyes pressed it.", ["Reyes"]),
        ("Then Ana came.", ["Ana"]),
        ("An analysis of bananas.", []),
        ("It will happen again.", []),  # no name in small letters
        ("Will it happen?", ["Will"]),  # a warning may be wrong
        ("agent was logged in", ["Ana Reyes"]),
        ("The user-agent header", ["Ana Reyes"]),  # so may this one
        ("robot-7 and robot-77", ["robot-7"]),
        ("Wu", []),  # two letters are no proof
    ],
)
def test_names_of_persons_are_found_in_causes(text, names):
    assert [each.name for each in names_in({"lessons": text}, PEOPLE)] == names


def test_a_silence_of_over_fifteen_minutes_is_a_gap_of_an_s1():
    start = utc("2026-11-17T10:00")
    times = [start + timedelta(minutes=m) for m in (0, 15, 31, 32)]
    found = gaps(Severity.S1, times, [])
    assert [(g.start, g.end) for g in found] == [(times[1], times[2])]
    assert gaps(Severity.S2, times, []) == []
    assert gaps(Severity.S1, times, [(times[1], times[2])]) == []
    part = [(times[1], times[2] - timedelta(minutes=1))]
    assert len(gaps(Severity.S1, times, part)) == 1, "half an explanation explains nothing"
    assert gaps(Severity.S1, [], []) == []


READY = ReviewSituation(
    state=ReviewState.DRAFT,
    severity=Severity.S1,
    rights=frozenset({"write_review", "sign_off_review", "waive_review"}),
    has_facilitator=True,
    has_summary=True,
    has_impact=True,
    has_lessons=True,
    factors=1,
    is_meeting_held=True,
)


@pytest.mark.parametrize(
    ("verb", "changes", "codes"),
    [
        ("submit", {}, []),
        (
            "submit",
            {"has_summary": False, "has_lessons": False},
            ["summary_missing", "lessons_missing"],
        ),
        ("submit", {"has_impact": False}, ["impact_missing"]),
        ("submit", {"factors": 0}, ["factor_missing"]),
        ("submit", {"factors_without_evidence": 1}, ["evidence_missing"]),
        ("submit", {"has_facilitator": False}, ["facilitator_missing"]),
        ("submit", {"is_facilitator_commander": True}, ["facilitator_is_commander"]),
        ("submit", {"is_meeting_held": False}, ["meeting_missing"]),
        ("submit", {"is_meeting_held": False, "severity": Severity.S3}, []),
        ("submit", {"state": ReviewState.IN_REVIEW}, ["wrong_state"]),
        ("submit", {"rights": frozenset()}, ["missing_right"]),
        ("sign-off", {"state": ReviewState.IN_REVIEW}, []),
        ("sign-off", {"state": ReviewState.IN_REVIEW, "is_submitter": True}, ["own_review"]),
        (
            "sign-off",
            {"state": ReviewState.IN_REVIEW, "is_facilitator": True},
            ["facilitator_alone"],
        ),
        ("sign-off", {"state": ReviewState.DRAFT}, ["wrong_state"]),
        ("request-changes", {"state": ReviewState.IN_REVIEW}, ["reason_missing"]),
        ("waive", {"given": {"reason": "x"}}, []),
        ("waive", {"given": {"reason": "x"}, "has_own_waiver": True}, ["second_person"]),
        ("waive", {"state": ReviewState.SIGNED_OFF, "given": {"reason": "x"}}, ["wrong_state"]),
        ("complete", {"state": ReviewState.SIGNED_OFF, "open_actions": 2}, ["actions_open"]),
        ("amend", {"state": ReviewState.COMPLETED, "given": {"text": "x"}}, []),
        ("amend", {"state": ReviewState.DRAFT, "given": {"text": "x"}}, ["wrong_state"]),
        ("edit", {"state": ReviewState.CHANGES_REQUESTED}, []),
        ("edit", {"state": ReviewState.SIGNED_OFF}, ["wrong_state"]),
        ("add-action", {"state": ReviewState.ACTIONS_OPEN}, []),
        ("add-action", {"state": ReviewState.COMPLETED}, ["wrong_state"]),
        ("schedule-meeting", {}, ["meeting_at_missing"]),
    ],
)
def test_every_unmet_guard_is_told_at_once(verb, changes, codes):
    assert [each.code for each in unmet(ReviewVerb(verb), replace(READY, **changes))] == codes


def test_a_completed_or_waived_review_is_at_its_end():
    rights = READY.rights
    assert allowed(ReviewState.COMPLETED, rights) == ["amend"]
    assert allowed(ReviewState.WAIVED, rights) == []
    assert allowed(ReviewState.DRAFT, frozenset()) == []
    assert set(MOVES) == set(ReviewVerb)
