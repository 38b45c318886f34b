"""New service hours take effect: what runs counts by them from then on, and its owner is told."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from accounts.models import ServiceHours, ServiceHoursVersion
from accounts.services.service_hours import publish_hours
from escalations.models import Clock, ClockMark, ClockTarget, Notice
from escalations.rules.lifecycle import Verb
from escalations.selectors import policies
from escalations.services import hours as hours_service
from escalations.services.moves import perform
from escalations.tasks import schedule
from tests.factories.incidents import open_incident

MICRO = timedelta(microseconds=1)
FILE = json.loads((Path(__file__).parents[1] / "cases" / "clocks.json").read_text())
CASES = {case["id"]: case for case in FILE["cases"]}


def instant(text):
    return datetime.fromisoformat(text)


def office(company, name, first):
    """The hours of the customer `halden`, as a case has them, in effect long before."""
    spec = FILE["calendars"][name]
    found = ServiceHours.objects.create(code="case", name="Case")
    publish(company, found, spec, first - timedelta(days=30), first - timedelta(days=30))
    from accounts.models import Account

    Account.objects.filter(external_id="halden").update(service_hours=found)
    return found


def publish(company, found, spec, at, effective_from):
    return publish_hours(
        found,
        zone=spec["tz"],
        weekly=spec["weekly"],
        dates=spec["dates"],
        effective_from=effective_from,
        by=company["governor"],
        at=at,
        reason="As decided.",
    )


def running(company, case):
    """An S3 of `halden` whose resolution has the target of the case; claimed by `agent`."""
    ClockTarget.objects.filter(severity=3, kind="resolution").update(target_s=case["target_s"])
    policies.clear_caches()
    start = instant(case["events"][0]["at"])
    found = office(company, case["calendar"], start)
    incident = open_incident(start, account="halden")
    assert incident.severity == 3
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=company["agent"], at=start)
    return found, incident, start


def resolution(incident):
    return Clock.objects.get(incident=incident, kind="resolution")


@pytest.mark.parametrize("name", ["SLA-60", "SLA-62"])
def test_the_worked_cases_come_true_by_publishing(company, name):
    case = CASES[name]
    found, incident, start = running(company, case)
    change = case["events"][1]
    version = publish(
        company, found, FILE["calendars"][change["calendar"]], start, instant(change["at"])
    )
    old = resolution(incident).due_at
    while schedule.sweep(instant(change["at"]) - MICRO):
        pass
    assert resolution(incident).due_at == old, "they are not in effect yet"
    assert schedule.next_due() == instant(change["at"])
    while schedule.sweep(instant(change["at"])):
        pass
    check = case["checks"][0]
    clock = resolution(incident)
    assert clock.due_at == instant(check["expected"]["due_at"])
    while schedule.sweep(instant(check["asof"])):
        pass
    assert resolution(incident).outcome == check["expected"]["outcome"]
    event = clock.events.get(type="calendar_change")
    assert (event.mode, event.calendar, event.at) == (
        "adopt_forward",
        version,
        instant(change["at"]),
    )
    told = incident.timeline.get(kind="hours_changed").sentence
    notices = Notice.objects.filter(incident=incident, key__contains=":hours:")
    if clock.due_at == old:
        assert not notices.filter(text__contains="Resolve clock")
    else:
        assert f"becomes {clock.due_at:%d %b %H:%M} UTC" in told
        assert notices.get().recipient == company["agent"] and "becomes" in notices.get().text
    version.refresh_from_db()
    assert version.adopt_at is None


def test_a_late_or_second_sweep_changes_nothing_more(company):
    case = CASES["SLA-60"]
    found, incident, start = running(company, case)
    change = instant(case["events"][1]["at"])
    publish(company, found, FILE["calendars"]["NY_BH_v2_holiday"], start, change)
    while schedule.sweep(change + timedelta(hours=1)):
        pass
    while schedule.sweep(change + timedelta(hours=2)):
        pass
    clock = resolution(incident)
    assert clock.events.filter(type="calendar_change").count() == 1
    assert clock.due_at == instant(case["checks"][0]["expected"]["due_at"])
    assert Notice.objects.filter(key__contains=":hours:").count() == 1


def test_a_promise_that_the_old_hours_broke_stays_broken(company):
    """The sweep judged by the old hours meanwhile: the new ones count from now, not from then."""
    case = CASES["SLA-62"]
    found, incident, start = running(company, case)
    late = start + timedelta(days=10)
    clock = resolution(incident)
    version = publish(
        company, found, FILE["calendars"]["NY_BH_v3_short"], start, start + timedelta(hours=9)
    )
    ServiceHoursVersion.objects.filter(pk=version.pk).update(adopt_at=late)  # parked
    while schedule.sweep(late - MICRO):
        pass
    breached = resolution(incident).breached_at
    assert breached is not None
    while schedule.sweep(late):
        pass
    assert resolution(incident).breached_at == breached
    assert ClockMark.objects.filter(clock=clock, kind="breach").count() == 1


def test_what_stopped_or_counts_otherwise_is_left_alone(company, at):
    hours = ServiceHours.objects.get(code="office")
    other = open_incident(at, "other", account="halden")
    perform(other.number, Verb.CANCEL, {"reason": "No."}, by=company["duty"], at=at)
    urgent = open_incident(at, "urgent", facts={"core_down_no_workaround": True})
    spec = {"tz": "Europe/Berlin", "weekly": {"mon": [["09:00", "10:00"]]}, "dates": {}}
    publish(company, hours, spec, at, at + timedelta(hours=1))
    while schedule.sweep(at + timedelta(hours=2)):
        pass
    assert not Clock.objects.filter(
        incident__in=[other, urgent], events__type="calendar_change"
    ).exists()


def test_many_incidents_are_taken_over_in_parts(company, at, monkeypatch):
    monkeypatch.setattr(hours_service, "AT_ONCE", 2)
    case = CASES["SLA-60"]
    found, _, start = running(company, case)
    for n in range(4):
        open_incident(start, f"more-{n}", account="halden")
    change = instant(case["events"][1]["at"])
    publish(company, found, FILE["calendars"]["NY_BH_v2_holiday"], start, change)
    while schedule.sweep(change):
        pass
    moved = Clock.objects.filter(kind="resolution", events__type="calendar_change")
    assert moved.count() == 5
    assert set(moved.values_list("due_at", flat=True)) == {
        instant(case["checks"][0]["expected"]["due_at"])
    }
