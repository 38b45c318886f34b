"""Promises that run are changed by two, who both read what changes first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import ServiceHoursVersion
from accounts.services.service_hours import publish_hours
from escalations.models import Clock, ClockRepair, ClockTarget, Incident, Notice, PolicyVersion
from escalations.rules.lifecycle import Verb
from escalations.selectors import policies
from escalations.selectors.repairs import differences
from escalations.services import repairs
from escalations.services.moves import perform
from escalations.tasks.schedule import TIMERS, sweep
from tests.factories.incidents import MAJOR, open_incident

HOUR = timedelta(hours=1)


@pytest.fixture
def api(company, travel):
    def call(who, method, path, expect=200, **body):
        client = APIClient()
        client.force_authenticate(company[who])
        answer = getattr(client, method)(f"/api/v1/{path}", body, format="json")
        assert answer.status_code == expect, answer.json()
        return answer.json()

    return call


def put_in_force(version):
    PolicyVersion.objects.filter(state="in_force").update(state="retired")
    PolicyVersion.objects.filter(pk=version.pk).update(state="in_force")
    policies.clear_caches()


def next_version(business=(), **targets):
    """The policy in force anew, with these targets of S1 in seconds, put in force. `business`:
    kinds that count in business hours."""
    old = PolicyVersion.objects.get(state="in_force", policy__is_default=True)
    from escalations.rules.policy import ClockKind, Severity
    from escalations.selectors.policies import build_doc

    doc = build_doc(old)
    assert doc.severities[Severity.S1].targets[ClockKind.RESTORE].target_s == 7200
    new = PolicyVersion.objects.get(pk=old.pk)
    rows = {
        model: list(getattr(old, name).all()) for name, model in (("clock_targets", ClockTarget),)
    }
    new.pk, new.number, new.state = None, old.number + 50, "draft"
    new._state.adding = True
    new.save()
    for rule in old.severity_rules.all():
        rule.pk, rule.version, rule._state.adding = None, new, True
        rule.save()
    for row in rows[ClockTarget]:
        row.pk, row.version, row._state.adding = None, new, True
        if row.severity == 1 and row.kind in targets:
            row.target_s = targets[row.kind]
        row.is_business = row.is_business or (row.severity == 1 and row.kind in business)
        row.save()
    PolicyVersion.objects.filter(pk=old.pk).update(state="retired")
    PolicyVersion.objects.filter(pk=new.pk).update(state="in_force")
    policies.clear_caches()
    return PolicyVersion.objects.get(pk=new.pk)


def ask_policy(api, version, expect=201, who="governor"):
    body = {"kind": "policy", "policy": version.policy.code, "version": version.number}
    return api(who, "post", "clock-repairs/", expect, reason="The committee decided.", **body)


def test_a_policy_is_applied_to_open_incidents_by_a_second_person(api, company, travel, at):
    incident = open_incident(at, facts=MAJOR)
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=company["agent"], at=at)
    version = next_version(restore=3600)
    travel.to(at + HOUR / 2)
    asked = ask_policy(api, version)
    (row,) = asked["rows"]
    assert (row["kind"], row["old_target_s"], row["new_target_s"]) == ("restore", 7200, 3600)
    assert (row["old_due_at"], row["new_due_at"]) == (
        "2026-11-17T12:00:00Z",
        "2026-11-17T11:30:00Z",
    ), "a tighter target counts from the change and never postpones"
    assert Clock.objects.get(incident=incident, kind="restore").current_target_s == 7200
    path = f"clock-repairs/{asked['id']}/apply/"
    assert api("governor", "post", path, 403)["code"] == "own_request"
    assert api("agent", "post", path, 403)["code"] == "missing_right"
    done = api("governor2", "post", path)
    assert (done["state"], done["applied_by"]) == ("applied", "governor2")
    clock = Clock.objects.get(incident=incident, kind="restore")
    assert (clock.due_at, clock.current_target_s) == (at + 1.5 * HOUR, 3600)
    incident.refresh_from_db()
    assert incident.policy_version == version
    told = incident.timeline.get(kind="clock_repaired")
    assert told.reason == "The committee decided." and "becomes 17 Nov 11:30 UTC" in told.sentence
    assert Notice.objects.filter(incident=incident, key__contains="repair").count() == 1
    assert api("governor2", "post", path, 409)["code"] == "not_asked"
    assert ask_policy(api, version, 409)["code"] == "nothing_changes"


def test_what_only_the_new_policy_promises_starts_when_it_is_applied(api, company, travel, at):
    old = PolicyVersion.objects.get(state="in_force", policy__is_default=True)
    promised = next_version()
    put_in_force(old)
    old.clock_targets.filter(severity=1, kind__in=["restore", "cadence"]).delete()
    policies.clear_caches()
    incident = open_incident(at, facts=MAJOR)
    assert {c.kind for c in Clock.objects.filter(incident=incident)} == {"response", "resolution"}
    put_in_force(promised)
    travel.to(at + HOUR)
    asked = ask_policy(api, promised)
    rows = {row["kind"]: row for row in asked["rows"]}
    assert set(rows) == {"restore", "cadence"}
    assert rows["restore"] | {"incident": 0} == {
        "clock": None,
        "incident": 0,
        "kind": "restore",
        "old_target_s": None,
        "new_target_s": 7200,
        "old_due_at": None,
        "new_due_at": "2026-11-17T13:00:00Z",
        "breaks": False,
        "starts": True,
    }, "from the change on: nobody is late for what was not promised"
    travel.to(at + 2 * HOUR)
    assert api("governor2", "post", f"clock-repairs/{asked['id']}/apply/")["state"] == "applied"
    clock = Clock.objects.get(incident=incident, kind="restore")
    assert (clock.started_at, clock.due_at) == (at + 2 * HOUR, at + 4 * HOUR)
    told = incident.timeline.filter(kind="clock_repaired").values_list("sentence", flat=True)
    assert "Restore clock starts: due 17 Nov 14:00 UTC." in told
    assert ask_policy(api, promised, 409)["code"] == "nothing_changes"


def test_other_hours_of_a_new_policy_count_from_the_change_on(api, company, travel, at):
    incident = open_incident(at, facts=MAJOR)
    agent = company["agent"]
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=agent, at=at)
    version = next_version(business=("resolution",))
    travel.to(at + HOUR)
    (row,) = ask_policy(api, version)["rows"]
    assert (row["kind"], row["old_target_s"]) == ("resolution", row["new_target_s"])
    assert row["new_due_at"] > row["old_due_at"]
    api("governor2", "post", f"clock-repairs/{ClockRepair.objects.get().pk}/apply/")
    clock = Clock.objects.get(incident=incident, kind="resolution")
    event = clock.events.get(type="calendar_change")
    assert (event.mode, event.at, event.calendar is not None) == ("adopt_forward", at + HOUR, True)
    assert clock.elapsed_us == 3600 * 10**6, "what elapsed stays"
    assert ask_policy(api, version, 409)["code"] == "nothing_changes"


def test_what_moved_meanwhile_is_read_again_before_it_is_applied(api, company, travel, at):
    number, agent = open_incident(at, facts=MAJOR).number, company["agent"]
    perform(number, Verb.CLAIM, {"take_over": True}, by=agent, at=at)
    asked = ask_policy(api, next_version(restore=3600))
    wait = {"reason": "customer_wait", "awaiting": "logs"}
    perform(number, Verb.PAUSE, wait, by=agent, at=at + HOUR / 4)
    perform(number, Verb.RESUME, {}, by=agent, at=at + HOUR / 2)
    travel.to(at + HOUR / 2)
    path = f"clock-repairs/{asked['id']}/apply/"
    refused = api("governor2", "post", path, 409)
    assert refused["code"] == "outdated"
    assert refused["rows"][0]["old_due_at"] == "2026-11-17T12:15:00Z"
    assert not Clock.objects.filter(kind="restore", events__type="retarget").exists()
    assert api("governor2", "post", path)["state"] == "applied"


def test_many_are_moved_a_few_at_a_time_each_with_its_own_answer(
    api, company, travel, at, monkeypatch, client
):
    """Nothing is lost where it stops between two turns, and one that goes wrong keeps itself."""
    monkeypatch.setattr(repairs, "AT_ONCE", 2)
    numbers = [open_incident(at, f"bulk-{n}", facts=MAJOR).number for n in range(6)]
    version, agent = next_version(restore=3600), company["agent"]
    asked = ask_policy(api, version)
    perform(numbers[1], Verb.CLAIM, {"take_over": True}, by=agent, at=at)
    wait = {"reason": "customer_wait", "awaiting": "logs"}
    perform(numbers[1], Verb.PAUSE, wait, by=agent, at=at + HOUR / 4)
    perform(numbers[1], Verb.RESUME, {}, by=agent, at=at + HOUR / 2)
    company["senior"].groups.add(*company["duty"].groups.all())
    for who in ("duty", "senior"):
        perform(numbers[3], Verb.CANCEL, {"reason": "A test."}, by=company[who], at=at)
    spoilt, real = numbers[4], repairs._change_clock

    def change(repair, difference, incident, *rest):
        real(repair, difference, incident, *rest)
        if incident.pk == spoilt:
            raise RuntimeError("spoilt")

    monkeypatch.setattr(repairs, "_change_clock", change)
    travel.to(at + HOUR / 2)
    path = f"clock-repairs/{asked['id']}"
    done = api("governor2", "post", f"{path}/apply/")
    told = {each["incident"]: each for each in done["answers"]}
    assert done["state"] == "applying" and list(told) == numbers[:2], "two at a time"
    assert told[numbers[0]]["is_moved"]
    assert told[numbers[1]]["why"] == "Its clocks moved since the list was read."
    assert api("governor2", "post", f"{path}/apply/", 409)["code"] == "not_asked"
    client.force_login(company["governor"])
    page = client.get(f"/clock-repairs/{asked['id']}/").text
    assert "1 incident changed, 1 kept as it was, 4 to come" in page and "Being applied" in page

    own = [timer for timer in TIMERS if timer.name == "repairs"]
    sweep(at + HOUR / 2, kinds=own)
    done = api("governor", "get", f"{path}/")
    assert (done["state"], len(done["answers"])) == ("applying", 4), (
        "whoever is killed here goes on"
    )
    while sweep(at + HOUR, kinds=own):
        pass
    done = api("governor", "get", f"{path}/")
    kept = {each["incident"]: each["why"] for each in done["answers"] if not each["is_moved"]}
    assert done["state"] == "applied" and len(done["answers"]) == 6
    assert kept == {
        numbers[1]: "Its clocks moved since the list was read.",
        numbers[3]: "It is cancelled.",
        spoilt: "It could not be changed: RuntimeError.",
    }
    moved = Incident.objects.filter(policy_version=version).values_list("pk", flat=True)
    assert set(moved) == {numbers[0], numbers[2], numbers[5]}
    retargeted = Clock.objects.filter(events__type="retarget").values_list("incident", flat=True)
    assert set(retargeted) == set(moved), "what went wrong left no trace of its try"
    again = ask_policy(api, version)
    assert {row["incident"] for row in again["rows"]} == {numbers[1], spoilt}
    put_in_force(PolicyVersion.objects.get(number=1, policy=version.policy))
    last = api("governor2", "post", f"clock-repairs/{again['id']}/apply/")
    assert {each["why"] for each in last["answers"]} == {
        f"v{version.number} is not in force any more."
    }


def test_a_preview_costs_the_same_for_one_and_for_many(company, at):
    def cost():
        repair = ClockRepair(kind="policy", policy_version=version)
        with CaptureQueriesContext(connection) as seen:
            found = differences(repair, at)
        return len(seen), len(found)

    old = PolicyVersion.objects.get(state="in_force", policy__is_default=True)
    open_incident(at, "first", facts=MAJOR)
    version = next_version(restore=3600)
    cost()
    assert cost()[1] == 1
    few = cost()[0]
    PolicyVersion.objects.filter(pk=version.pk).update(state="retired")
    PolicyVersion.objects.filter(pk=old.pk).update(state="in_force")
    policies.clear_caches()
    for n in range(8):
        open_incident(at, f"more-{n}", facts=MAJOR)
    cost()
    assert cost() == (few, 9)


@pytest.mark.parametrize("kind", ["calendar", "recompute"])
def test_new_hours_count_for_running_clocks_when_two_say_so(api, company, travel, at, kind):
    incident = open_incident(at - timedelta(days=1), account="halden", severity_hint="info")
    clock = Clock.objects.get(incident=incident, kind="resolution")
    assert clock.calendar is not None
    old = clock.calendar
    weekly = {day: [["09:00", "13:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    said = {"zone": old.zone, "weekly": weekly, "dates": {}}
    by = {"by": company["governor"], "at": at, "reason": "Shorter days."}
    new = publish_hours(old.service_hours, **said, effective_from=at, **by)
    ServiceHoursVersion.objects.filter(pk=new.pk).update(adopt_at=None)  # only the two adopt it
    body = {"kind": kind, "hours": old.service_hours.code, "version": new.number}
    asked = api("governor", "post", "clock-repairs/", 201, reason="Shorter days.", **body)
    row = next(each for each in asked["rows"] if each["kind"] == "resolution")
    api("governor2", "post", f"clock-repairs/{asked['id']}/apply/")
    due, elapsed = clock.due_at, clock.elapsed_us
    clock.refresh_from_db()
    assert clock.due_at > due and clock.due_at.isoformat().startswith(row["new_due_at"][:16])
    event = clock.events.get(type="calendar_change")
    assert (event.mode, event.calendar) == ("adopt_forward" if kind == "calendar" else kind, new)
    assert elapsed <= clock.elapsed_us
    again = api("governor", "post", "clock-repairs/", 409, reason="Again.", **body)
    assert again["code"] == "nothing_changes"


def test_a_due_time_set_by_hand_is_marked_and_needs_a_duty_manager(api, company, travel, at):
    incident = open_incident(at, facts=MAJOR)
    clock = Clock.objects.get(incident=incident, kind="restore")
    travel.to(at + HOUR)
    body = {"kind": "due", "clock": clock.pk, "due_at": (at + 5 * HOUR).isoformat()}
    asked = api("agent", "post", "clock-repairs/", 201, reason="Agreed by phone.", **body)
    assert asked["rows"][0]["new_due_at"] == "2026-11-17T15:00:00Z"
    path = f"clock-repairs/{asked['id']}/apply/"
    assert api("agent2", "post", path, 403)["code"] == "missing_right"
    travel.to(at + 1.5 * HOUR)
    api("duty", "post", path)
    clock.refresh_from_db()
    assert (clock.due_at, clock.is_due_by_hand) == (at + 5 * HOUR, True)
    assert clock.events.get(type="retarget").reason == "by_hand"
    sweep(at + 4.9 * HOUR)
    clock.refresh_from_db()
    assert clock.outcome == "open"
    sweep(at + 5.1 * HOUR)
    clock.refresh_from_db()
    assert clock.outcome == "missed"


@pytest.mark.parametrize(
    ("who", "body", "status", "code"),
    [
        ("agent", {"kind": "policy", "policy": "x", "version": 1}, 403, "missing_right"),
        ("auditor", {"kind": "due", "clock": 1}, 403, "missing_right"),
        ("governor", {"kind": "policy", "policy": "x", "version": 1}, 400, "unknown_version"),
        ("governor", {"kind": "calendar", "hours": "x", "version": 1}, 400, "unknown_hours"),
        ("agent", {"kind": "due", "clock": 10**12}, 400, "unknown_clock"),
    ],
)
def test_what_cannot_be_proposed_says_why(api, at, who, body, status, code):
    assert api(who, "post", "clock-repairs/", status, reason="r", **body)["code"] == code
    assert not ClockRepair.objects.exists()


def test_a_dropped_proposal_changes_nothing(api, company, travel, at):
    incident = open_incident(at, facts=MAJOR)
    clock = Clock.objects.get(incident=incident, kind="restore")
    body = {"kind": "due", "clock": clock.pk, "due_at": (at + 5 * HOUR).isoformat()}
    asked = api("agent", "post", "clock-repairs/", 201, reason="Agreed by phone.", **body)
    assert api("agent2", "post", f"clock-repairs/{asked['id']}/drop/", 403)
    assert api("agent", "post", f"clock-repairs/{asked['id']}/drop/")["state"] == "dropped"
    gone = api("duty", "post", f"clock-repairs/{asked['id']}/apply/", 409)
    assert gone["code"] == "not_asked"
    clock.refresh_from_db()
    assert clock.due_at == at + 2 * HOUR
