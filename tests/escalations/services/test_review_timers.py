"""Reminders of reviews and actions, at exact instants, late, and twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.models import Account, Team
from escalations.models import (
    ActionItem,
    CustomerLetter,
    Incident,
    Notice,
    PostIncidentReview,
    TimelineEvent,
)
from escalations.rules.action_items import ActionVerb
from escalations.rules.lifecycle import Verb
from escalations.rules.reviews import ReviewVerb
from escalations.services import review_timers
from escalations.services.action_items import add_action, perform_action
from escalations.services.moves import perform
from escalations.services.review_moves import perform_review
from escalations.tasks.schedule import next_due, sweep
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.reviews import resolve

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def number(company, at) -> int:
    """An S1 resolved on Tuesday at 11:00 UTC, 06:00 in New York, where the team's days count."""
    incident = open_incident(at, severity_hint="critical", facts=MAJOR, category="outage")
    resolve(incident, by=company["agent"], at=at + HOUR)
    Notice.objects.all().delete()
    return incident.number


@pytest.fixture
def action(number, company, at) -> ActionItem:
    """Due on 15 December; its owner agent2 reports to duty."""
    given = {
        "title": "Alarm",
        "kind": "detect",
        "owner": "agent2",
        "verifier": "senior",
        "verification_method": "Look.",
        "is_priority": True,
    }
    made = add_action(number, given, by=company["agent"], at=at + 2 * HOUR)
    Notice.objects.all().delete()
    PostIncidentReview.objects.update(remind_at=None)
    return made


def told(code: str = "") -> list[str]:
    rows = Notice.objects.filter(key__contains=code).order_by("pk")
    return sorted(row.recipient.username for row in rows)


def test_a_meeting_nobody_planned_is_told_at_its_minute_and_once(number, company, at):
    due = at + timedelta(days=1, hours=1)
    review = PostIncidentReview.objects.get()
    assert (review.schedule_due_at, review.remind_at) == (due, due)
    sweep(due - SECOND)
    assert told("review-late") == []
    sweep(due)
    sweep(due + HOUR)
    lead = Team.objects.get(code="frontline").lead.username
    assert told("review-late") == sorted({review.facilitator.username, lead})
    event = TimelineEvent.objects.get(kind="review_late")
    assert event.at == due


def test_a_planned_meeting_needs_no_reminder_until_it_should_have_been_held(number, company, at):
    perform_review(
        number,
        ReviewVerb.SCHEDULE,
        {"meeting_at": at + timedelta(days=2)},
        by=company["agent2"],
        at=at + 2 * HOUR,
    )
    Notice.objects.all().delete()
    sweep(at + timedelta(days=2))
    assert told("review-late") == []
    sweep(at + timedelta(days=7, hours=1) - SECOND)
    assert told("review-late") == []
    sweep(at + timedelta(days=7, hours=1))
    assert "duty" in told("review-late")


def test_a_late_sweep_tells_only_the_last_stage_and_records_the_others(number, at):
    sweep(at + timedelta(days=30))
    stages = {
        notice.key.split("-")[-2] for notice in Notice.objects.filter(key__contains="review-late")
    }
    assert stages == {"3"}
    events = TimelineEvent.objects.filter(kind="review_late").order_by("at")
    assert [event.detail["is_told"] for event in events] == [False, False, True]
    assert [event.at.date() for event in events] == [
        date(2026, 11, 18),
        date(2026, 11, 24),
        date(2026, 12, 1),
    ]
    assert PostIncidentReview.objects.get().remind_at is None


def test_an_incident_that_is_worked_on_again_is_not_chased_for_its_review(number, company, at):
    perform(number, Verb.REOPEN, {"reason": "Again."}, by=company["agent"], at=at + 3 * HOUR)
    Notice.objects.all().delete()
    sweep(at + timedelta(days=2))
    assert told("review-late") == []
    resolve(Incident.objects.get(), by=company["agent"], at=at + timedelta(days=2))
    assert PostIncidentReview.objects.get().remind_at == at + timedelta(days=3)


MORNING = {  # 9 o'clock in New York is 14:00 UTC in winter
    "soon": datetime(2026, 12, 8, 14, tzinfo=UTC),
    "today": datetime(2026, 12, 15, 14, tzinfo=UTC),
    "manager": datetime(2026, 12, 18, 14, tzinfo=UTC),
    "duty": datetime(2026, 12, 30, 14, tzinfo=UTC),  # Christmas Day is no business day
    "sponsor": datetime(2027, 1, 14, 14, tzinfo=UTC),  # neither is New Year
}


def test_an_action_reminds_its_owner_then_climbs(action, company):
    boss = company["governor2"]
    Account.objects.filter(external_id="northwind").update(sponsor=boss)
    seen = []
    for at in MORNING.values():
        sweep(at - SECOND)
        assert told() == sorted(seen)
        sweep(at)
        seen.append({0: "agent2", 1: "agent2", 2: "duty", 3: "duty", 4: boss.username}[len(seen)])
        assert told() == sorted(seen)
        sweep(at + HOUR)
        assert told() == sorted(seen), "a second sweep tells nobody again"
    action.refresh_from_db()
    assert (action.remind_stage, action.remind_at) == (5, None)
    last = Notice.objects.get(recipient=boss)
    assert "20 business days late" in last.text
    assert "Why you got this:" in last.text
    dates = TimelineEvent.objects.filter(kind="action_reminder").values_list("at", flat=True)
    assert sorted(dates) == list(MORNING.values())


def test_a_sweep_after_a_month_of_silence_tells_the_highest_stage_alone(action):
    sweep(MORNING["duty"] + HOUR)
    assert told() == ["duty"]
    events = TimelineEvent.objects.filter(kind="action_reminder").order_by("at")
    assert [event.detail["is_told"] for event in events] == [False, False, False, True]


def test_what_is_done_is_not_reminded_and_what_is_rejected_is_again(action, company):
    at = MORNING["soon"] - timedelta(days=1)
    perform_action(action.pk, ActionVerb.FINISH, {"evidence": "Log"}, by=company["agent2"], at=at)
    Notice.objects.all().delete()
    sweep(MORNING["today"])
    assert told() == []
    perform_action(
        action.pk, ActionVerb.REJECT, {"reason": "No."}, by=company["senior"], at=MORNING["today"]
    )
    Notice.objects.all().delete()
    sweep(MORNING["today"] + HOUR)
    assert told() == ["agent2"]


def test_a_new_day_starts_the_reminders_again_and_the_third_move_does_not(action, company, at):
    for times, day in enumerate((date(2027, 1, 20), date(2027, 2, 20)), 1):
        moved = perform_action(
            action.pk,
            ActionVerb.MOVE_DUE,
            {"due_on": day, "reason": "Later."},
            by=company["agent2"],
            at=at + 3 * HOUR,
        )
        assert moved.times_moved == times
    assert moved.remind_at.date() == date(2027, 2, 13)
    third = perform_action(
        action.pk,
        ActionVerb.MOVE_DUE,
        {"due_on": date(2027, 3, 20), "reason": "Later."},
        by=company["agent2"],
        at=at + 3 * HOUR,
    )
    assert third.remind_at == MORNING["soon"], "the first day counts again"


def test_the_loop_sleeps_until_the_next_reminder(action):
    Incident.objects.update(close_due_at=None)
    CustomerLetter.objects.update(try_at=None)
    assert next_due() == MORNING["soon"]


def test_a_reminder_that_breaks_is_parked_and_blocks_nobody(action, monkeypatch):
    def broken(*args):
        raise RuntimeError("no such person")

    monkeypatch.setattr(review_timers, "_people_of_action", broken)
    sweep(MORNING["soon"])
    action.refresh_from_db()
    assert action.remind_at == MORNING["soon"] + HOUR
    assert "no such person" in action.parked_error
    monkeypatch.undo()
    sweep(MORNING["soon"] + HOUR)
    action.refresh_from_db()
    assert (action.parked_error, action.remind_stage) == ("", 1)
