"""A change of a promise may break it: that is said at once, once, and climbs (SEMANTICS 1.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalations.models import Clock, ClockMark, LadderRun, Notice
from escalations.rules.lifecycle import Verb
from escalations.services import clocks
from escalations.services.moves import perform
from escalations.tasks.schedule import sweep
from tests.factories.incidents import MAJOR, open_incident

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CORE = {"core_down_no_workaround": True}


@pytest.fixture
def lowered(company, at):
    """An S2 that ran thirty hours around the clock becomes an S3 with twenty-four."""
    incident = open_incident(at, facts=CORE)
    assert incident.severity == 2
    agent = company["agent"]
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=agent, at=at + MINUTE)
    sweep(at + 30 * HOUR - MINUTE)
    given = {"severity": "S3", "reason": "A workaround holds."}
    perform(incident.number, Verb.SET_SEVERITY, given, by=agent, at=at + 30 * HOUR)
    return incident


def of(incident, kind="resolution"):
    return Clock.objects.get(incident=incident, kind=kind)


def test_a_promise_that_a_new_severity_breaks_is_late_from_the_change_on(lowered, at):
    clock = of(lowered)
    assert (clock.outcome, clock.breached_at) == ("missed", at + 30 * HOUR)
    assert clock.due_at < at + 30 * HOUR, "it was due before the change"
    mark = ClockMark.objects.get(clock=clock, kind="breach")
    assert (mark.due_at, mark.recorded_at, mark.late_by_s) == (at + 30 * HOUR, at + 30 * HOUR, 0)
    assert (mark.proposed_cause, mark.cause) == ("retarget", "retarget")


def test_it_is_told_once_and_climbs(lowered, at):
    told = Notice.objects.filter(incident=lowered, key__contains=":clock:resolution:")
    assert [each.kind for each in told] == ["breach"], "no warning beside it"
    assert lowered.timeline.filter(kind="clock_breach", detail__clock="resolution").count() == 1
    jumps = LadderRun.objects.filter(incident=lowered, steps__kind="jump")
    assert jumps.exists() or LadderRun.objects.filter(incident=lowered).count() > 1
    assert of(lowered).next_wake_at is None
    sweep(at + 40 * HOUR)
    assert ClockMark.objects.filter(clock=of(lowered), kind="breach").count() == 1
    assert told.count() == 1


def test_a_raise_says_the_highest_share_passed_and_no_other(company, at):
    incident = open_incident(at, account="halden")
    assert incident.severity == 3
    agent = company["agent"]
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=agent, at=at + MINUTE)
    given = {"severity": "S1", "reason": "It spreads."}
    perform(incident.number, Verb.SET_SEVERITY, given, by=agent, at=at + 6 * HOUR)
    clock = of(incident)
    assert clock.outcome == "open" and clock.due_at == at + 30 * HOUR
    marks = ClockMark.objects.filter(clock=clock)
    assert marks.filter(is_silent=False).count() <= 1
    assert not marks.filter(kind="breach").exists()


def test_a_deadline_that_passed_unseen_before_the_change_keeps_its_own_time(company, at):
    incident = open_incident(at, facts=MAJOR)
    agent = company["agent"]
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=agent, at=at + MINUTE)
    # The sweep is late: nobody looked when two hours were over.
    perform(
        incident.number,
        Verb.SET_SEVERITY,
        {"severity": "S2", "reason": "Half of it is back."},
        by=agent,
        at=at + 3 * HOUR,
    )
    perform(
        incident.number,
        Verb.SET_SEVERITY,
        {"severity": "S2", "reason": "Half of it is back."},
        by=company["duty"],
        at=at + 3 * HOUR,
    )
    clock = of(incident, "restore")
    assert (clock.outcome, clock.breached_at) == ("missed", at + 2 * HOUR)
    mark = ClockMark.objects.get(clock=clock, kind="breach")
    assert (mark.due_at, mark.recorded_at) == (at + 2 * HOUR, at + 3 * HOUR)
    assert mark.late_by_s == 3600


def test_the_sweep_finds_a_breach_that_whoever_made_it_did_not_say(company, at):
    incident = open_incident(at, facts=CORE)
    clock = of(incident)
    clocks.log(
        clock,
        "retarget",
        at=at + 30 * HOUR,
        doc=clocks.policy_doc(incident.policy_version_id),
        recorded_at=at + 30 * HOUR,
        mode="keep_elapsed",
        target_s=3600,
    )
    assert of(incident).next_wake_at == at + 30 * HOUR
    sweep(at + 31 * HOUR)
    mark = ClockMark.objects.get(clock=clock, kind="breach")
    assert (mark.due_at, of(incident).next_wake_at) == (at + 30 * HOUR, None)
