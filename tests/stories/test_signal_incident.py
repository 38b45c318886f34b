"""Whole lives of a customer's incident, through HTTP and sweeps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from escalations.models import Clock, Incident, LadderStep, Notice, Signal, TimelineEvent
from escalations.tasks.schedule import sweep

MINUTE = timedelta(minutes=1)


@pytest.fixture
def api(company):
    def as_(username: str) -> APIClient:
        client = APIClient()
        client.force_authenticate(company[username])
        return client

    return as_


def send(api, **more):
    body = {
        "source": "pager",
        "dedup_key": "capture",
        "status": "firing",
        "title": "Card capture failing",
        "severity_hint": "critical",
        "account": "northwind",
        "product_area": "cards",
        "category": "outage",
        "facts": {"arr_at_risk": 420000, "users_pct": 35, "core_down_no_workaround": True},
        **more,
    }
    return api("integrator").post("/api/v1/signals/", body)


def do(api, who, number, verb, expect=200, **body):
    answer = api(who).post(f"/api/v1/incidents/{number}/{verb}/", body)
    assert answer.status_code == expect, answer.json()
    return answer.json()


def test_an_s1_is_opened_paged_owned_contained_resolved_and_closed(api, travel, at):
    opened = send(api)
    assert opened.status_code == 201, opened.json()
    number = opened.json()["incident"]
    incident = do_get(api, "agent", number)
    assert incident["severity"] == "S1"
    assert incident["state"] == "new"
    assert incident["commander"] in ("agent", "agent2", "senior")
    assert {clock["kind"] for clock in incident["clocks"]} == {
        "response",
        "restore",
        "resolution",
        "cadence",
    }
    response = next(clock for clock in incident["clocks"] if clock["kind"] == "response")
    assert response["due_at"] == "2026-11-17T10:05:00Z"
    page = Notice.objects.get(incident_id=number, kind="page")
    assert f"INC-{number}" in page.subject
    assert "Why you got this:" in page.text
    assert f"/incidents/{number}/" in page.text

    travel.to(at + 2 * MINUTE)
    do(api, "agent", number, "acknowledge")
    clash = do(api, "agent2", number, "claim", expect=409)
    assert clash["code"] == "already_claimed"
    assert do(api, "agent2", number, "acknowledge", expect=409)["code"] == "already_acknowledged"
    refused = do(api, "agent", number, "resolve", expect=409)
    assert refused["code"] == "illegal_move"
    assert {each["code"] for each in refused["unmet"]} >= {
        "wrong_state",
        "resolution_code_missing",
        "cause_category_missing",
        "customer_not_told",
        "final_update_missing",
    }
    do(api, "agent", number, "mitigate", plan="Fail over to the second acquirer.")
    do(api, "agent", number, "update", text="We are failing over.")
    do(api, "agent", number, "propose-contain", evidence="Captures are back at 98 %.")
    assert do(api, "agent", number, "confirm-contain", expect=403)["code"] == "missing_right"
    travel.to(at + 60 * MINUTE)
    contained = do(api, "senior", number, "confirm-contain")
    assert contained["state"] == "contained"
    restore = next(clock for clock in contained["clocks"] if clock["kind"] == "restore")
    assert restore["outcome"] == "met"
    do(api, "agent", number, "monitor", recovery_kpi="capture rate")
    resolved = do(
        api,
        "agent",
        number,
        "resolve",
        resolution_code="fixed",
        cause_category="change",
        final_update="All is well again.",
    )
    assert resolved["state"] == "resolved"
    assert all(clock["run_state"] == "stopped" for clock in resolved["clocks"])
    assert do(api, "agent", number, "close", expect=409)["unmet"][0]["code"] == "review_missing"
    for who in ("duty", "governor"):
        waived = api(who).post(f"/api/v1/reviews/{number}/waive/", {"reason": "A known flaw."})
        assert waived.status_code == 200, waived.json()
    do(api, "duty", number, "close")
    assert do_get(api, "agent", number)["state"] == "closed"
    kinds = list(TimelineEvent.objects.filter(incident=number).values_list("kind", flat=True))
    assert kinds[:3] == ["opened", "decided", "assigned"]
    assert not Notice.objects.pending().filter(incident=number, kind="page").exists()


def do_get(api, who, number):
    answer = api(who).get(f"/api/v1/incidents/{number}/")
    assert answer.status_code == 200, answer.json()
    return answer.json()


def test_nobody_answers_and_the_ladder_climbs_by_itself(api, travel, at):
    number = send(api).json()["incident"]
    run = Incident.objects.get(pk=number).ladder_runs.get()
    for minutes in (5, 10, 20, 35):
        before = at + timedelta(minutes=minutes, seconds=-1)
        steps = run.steps.count()
        sweep(before)
        run.refresh_from_db()
        climbed = run.steps.filter(due_at__gt=at + timedelta(minutes=minutes - 1)).exists()
        assert not climbed, f"climbed before minute {minutes}"
        sweep(at + timedelta(minutes=minutes, seconds=1))
        assert run.steps.count() > steps
    levels = list(
        LadderStep.objects.filter(run=run, kind="page")
        .order_by("seq")
        .values_list("cycle", "level")
    )
    assert (1, 1) in levels and (1, 2) in levels and (1, 3) in levels
    assert (2, 1) in levels
    response = Clock.objects.get(incident=number, kind="response")
    assert response.outcome == "missed"
    assert response.marks.filter(kind="breach").count() == 1
    assert Incident.objects.get(pk=number).has_missed


def test_the_restore_breach_of_an_acknowledged_incident_pages_level_three(api, travel, at):
    number = send(api).json()["incident"]
    travel.to(at + 3 * MINUTE)
    do(api, "agent", number, "acknowledge")
    run = Incident.objects.get(pk=number).ladder_runs.get()
    assert run.state == "halted"
    for minutes in range(4, 121, 8):  # the owner shows signs of life
        travel.to(at + minutes * MINUTE)
        do(api, "agent", number, "note", text=f"Still on it at {minutes}.")
        sweep(at + minutes * MINUTE)
    assert not run.steps.filter(level=3).exists()
    sweep(at + timedelta(hours=2, seconds=1))
    run.refresh_from_db()
    assert run.state == "halted"
    step = run.steps.get(level=3)
    assert step.kind == "jump"
    assert step.person.username == "duty"


def test_a_silent_owner_wakes_the_ladder_again(api, travel, at):
    number = send(api).json()["incident"]
    travel.to(at + 2 * MINUTE)
    do(api, "agent", number, "acknowledge")
    sweep(at + timedelta(minutes=31, seconds=59))
    run = Incident.objects.get(pk=number).ladder_runs.get()
    assert run.state == "halted"
    sweep(at + timedelta(minutes=32, seconds=1))
    run.refresh_from_db()
    assert run.state == "active"
    assert run.cycle == 2


def test_a_paused_clock_does_not_breach(api, travel, at):
    number = send(api).json()["incident"]
    travel.to(at + MINUTE)
    do(api, "agent", number, "acknowledge")
    refused = do(api, "agent", number, "pause", expect=400, reason="waiting_for_engineering")
    assert refused["errors"][0]["field"] == "reason"
    do(api, "agent", number, "pause", reason="customer_wait", awaiting="Northwind: their logs")
    sweep(at + timedelta(hours=30))
    clocks = {c.kind: c for c in Clock.objects.filter(incident=number)}
    assert clocks["restore"].outcome == "open"
    assert clocks["resolution"].outcome == "open"
    travel.to(at + timedelta(hours=30))
    resumed = do(api, "agent", number, "resume")
    restore = next(c for c in resumed["clocks"] if c["kind"] == "restore")
    assert restore["elapsed_s"] == 60
    assert restore["due_at"] == "2026-11-18T17:59:00Z"


def test_repeats_join_and_a_resolve_ends_what_nobody_accepted(api, travel, at):
    number = send(api).json()["incident"]
    again = send(api)
    assert (again.status_code, again.json()["incident"]) == (200, number)
    assert Signal.objects.get().occurrences == 2
    ended = send(api, status="resolved")
    assert ended.json()["outcome"] == "resolved"
    incident = do_get(api, "agent", number)
    assert incident["state"] == "resolved"
    assert incident["resolved_by_source"]
    assert not Notice.objects.pending().filter(incident=number).exists()
    travel.to(at + 10 * MINUTE)
    back = send(api)
    assert back.json() == {
        "incident": number,
        "outcome": "reopened",
        "url": f"/incidents/{number}/",
    }
    travel.to(at + 11 * MINUTE)
    do(api, "agent", number, "claim")
    send(api, status="resolved")
    told = do_get(api, "agent", number)
    assert told["state"] == "acknowledged", "the commander decides once somebody accepted"
    assert Notice.objects.filter(incident=number, kind="news").exists()


def test_the_same_key_later_than_thirty_minutes_opens_another_incident(api, travel, at):
    number = send(api).json()["incident"]
    send(api, status="resolved")
    travel.to(at + 31 * MINUTE)
    later = send(api)
    assert later.status_code == 201
    assert later.json()["incident"] != number


def test_a_signal_without_any_facts_opens_an_incident_that_asks_for_them(api):
    bare = api("integrator").post(
        "/api/v1/signals/", {"source": "probe", "dedup_key": "x", "title": "Something is off"}
    )
    assert bare.status_code == 201
    number = bare.json()["incident"]
    incident = do_get(api, "agent", number)
    assert incident["severity"] == "S3"
    assert incident["check_severity"]
    said = api("agent").get(f"/api/v1/incidents/{number}/explain/").json()
    assert all(row["is_assumed"] for row in said["decision"]["inputs"])
    assert {row["ask"] for row in said["decision"]["unknown"]} >= {"users affected?"}
    assert said["why"]


def test_worse_facts_raise_the_severity_and_better_ones_never_lower_it(api, travel, at):
    number = send(api, facts={}, severity_hint="warning", account="acme").json()["incident"]
    first = do_get(api, "agent", number)
    travel.to(at + 2 * MINUTE)
    send(api, facts={"data_or_legal_confirmed": True}, severity_hint="warning", account="acme")
    raised = do_get(api, "agent", number)
    assert raised["severity"] == "S1" < first["severity"]
    restore = [c for c in raised["clocks"] if c["kind"] == "restore"]
    assert restore[0]["due_at"] is not None
    travel.to(at + 4 * MINUTE)
    send(api, facts={"data_or_legal_confirmed": False}, severity_hint="info", account="acme")
    assert do_get(api, "agent", number)["severity"] == "S1"


def test_an_s1_is_lowered_by_two_people(api, travel):
    number = send(api).json()["incident"]
    do(api, "agent", number, "set-severity", severity="S3", reason="Only one tenant.")
    assert do_get(api, "agent", number)["severity"] == "S1"
    do(api, "agent", number, "set-severity", severity="S3", reason="Really.")
    assert do_get(api, "agent", number)["severity"] == "S1", "the same person twice is one"
    lowered = do(api, "senior", number, "set-severity", severity="S3", reason="I agree.")
    assert lowered["severity"] == "S3"
    assert lowered["auto_severity"] == "S1"


def test_a_stale_version_is_refused(api):
    number = send(api).json()["incident"]
    version = do_get(api, "agent", number)["version"]
    do(api, "agent", number, "claim", expected_version=version)
    stale = do(api, "agent", number, "note", expect=409, text="x", expected_version=version)
    assert stale["code"] == "stale_version"


def test_one_message_with_one_key_is_taken_once(api):
    client = api("integrator")
    body = {"source": "s", "dedup_key": "k", "title": "Once"}
    first = client.post("/api/v1/signals/", body, headers={"Idempotency-Key": "a"})
    again = client.post("/api/v1/signals/", body, headers={"Idempotency-Key": "a"})
    assert first.json() == again.json()
    assert Signal.objects.get().occurrences == 1
    reused = client.post(
        "/api/v1/signals/", {**body, "title": "Twice"}, headers={"Idempotency-Key": "a"}
    )
    assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_key_reused")
