"""A KPI breaches: from the reading over HTTP to a closed incident, and its twin nobody answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from escalations.models import Incident, KpiState, LadderStep, Notice, Signal
from escalations.tasks.schedule import sweep, tick

HOUR = timedelta(hours=1)
KPI = "checkout-conversion"


@pytest.fixture
def api(company):
    def as_(username: str) -> APIClient:
        client = APIClient()
        client.force_authenticate(company[username])
        return client

    return as_


def read(api, at, values, **more):
    rows = [
        {"kpi": KPI, "at": (at + i * HOUR).isoformat(), "value": value, **more}
        for i, value in enumerate(values)
    ]
    answer = api("integrator").post("/api/v1/readings/", rows)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def incidents(api, **filters):
    answer = api("agent").get("/api/v1/incidents/", {"kpi": KPI, **filters})
    assert answer.status_code == 200, answer.json()
    return answer.json()["results"]


def do(api, who, number, verb, expect=200, **body):
    answer = api(who).post(f"/api/v1/incidents/{number}/{verb}/", body)
    assert answer.status_code == expect, answer.json()
    return answer.json()


def test_breach_to_paged_to_verified_to_contained_to_resolved_to_closed(api, travel, at, company):
    read(api, at - 9 * HOUR, [3.2, 3.1, 2.7, 2.4, 2.4, 2.4])
    assert tick() > 0
    (found,) = incidents(api)
    number = found["number"]
    assert (found["severity"], found["state"], found["source"]) == ("S2", "new", "kpi")
    assert found["commander"] == "kpi-owner"
    assert found["period"]["start"] == (at - 5 * HOUR).isoformat().replace("+00:00", "Z")
    page = Notice.objects.get(incident_id=number, kind="page")
    assert "Why you got this:" in page.text
    assert Notice.objects.filter(incident_id=number, recipient=company["kpi-owner"]).exists()

    travel.to(at + timedelta(minutes=4))
    do(api, "agent", number, "claim")
    refused = do(api, "agent", number, "mitigate", expect=409, plan="Roll back the checkout.")
    assert [each["code"] for each in refused["unmet"]] == ["not_verified"]
    assert "verify" in refused["allowed"]
    empty = do(api, "kpi-owner", number, "verify", expect=400)
    assert empty["errors"][0] == {
        "field": "outcome",
        "code": "required",
        "detail": "This field is required.",
    }
    verified = do(api, "kpi-owner", number, "verify", outcome="confirmed", evidence="Two sources.")
    assert verified["state"] == "verifying"
    do(api, "agent", number, "mitigate", plan="Roll back the checkout.")
    do(api, "agent", number, "propose-contain", evidence="Conversion climbs.")
    do(api, "senior", number, "confirm-contain")
    done = {
        "resolution_code": "fixed",
        "cause_category": "change",
        "final_update": "Rolled back.",
    }
    early = do(api, "agent", number, "resolve", expect=409, **done)
    assert [each["code"] for each in early["unmet"]] == ["kpi_not_ok"]

    read(api, at - 3 * HOUR, [3.0, 3.1, 3.2, 3.3])
    tick()
    assert KpiState.objects.get(kpi__code=KPI).state == "ok"
    assert incidents(api)[0]["state"] == "contained", "the commander decides, not the source"
    assert Notice.objects.filter(incident_id=number, kind="news").exists()
    resolved = do(api, "agent", number, "resolve", **done)
    assert resolved["state"] == "resolved"
    do(api, "duty", number, "close", review_waiver="Known flaw, reviewed last week.")
    assert incidents(api)[0]["state"] == "closed"


def test_nobody_answers_a_kpi_breach(api, travel, at):
    read(api, at - 3 * HOUR, [2.4, 2.4, 2.4])
    tick()
    number = incidents(api)[0]["number"]
    sweep(at + timedelta(minutes=29, seconds=59))
    assert not LadderStep.objects.filter(run__incident=number, level=2).exists()
    sweep(at + timedelta(minutes=30, seconds=1))
    second = LadderStep.objects.get(run__incident=number, level=2, kind="page")
    assert second.due_at == at + timedelta(minutes=30)
    assert Notice.objects.filter(incident=number, kind="page").count() == 2
    read(api, at, [3.1, 3.1, 3.1])
    travel.to(at + 3 * HOUR)
    tick()
    assert incidents(api)[0]["state"] == "resolved"
    left = Notice.objects.pending().filter(incident=number)
    assert [each.subject.split("lead")[0] for each in left] == [f"[INC-{number}] S2 Please "]


def test_a_deeper_state_raises_and_going_back_never_lowers(api, travel, at):
    read(api, at - 4 * HOUR, [2.7, 2.7, 2.7])
    tick()
    (found,) = incidents(api)
    assert found["severity"] == "S3"
    read(api, at - 1 * HOUR, [2.4, 2.4])
    travel.to(at + HOUR)
    read(api, at + HOUR, [2.4])
    tick()
    (deeper,) = incidents(api)
    assert (deeper["number"], deeper["severity"]) == (found["number"], "S2")
    travel.to(at + 4 * HOUR)
    read(api, at + 2 * HOUR, [2.65, 2.65, 2.65])
    tick()
    assert KpiState.objects.get(kpi__code=KPI).state == "warn"
    assert incidents(api)[0]["severity"] == "S2"


def test_each_segment_has_its_own_state_and_one_incident(api, travel, at):
    read(api, at - 3 * HOUR, [2.4, 2.4, 2.4], segment="eu")
    read(api, at - 3 * HOUR, [3.4, 3.4, 3.4], segment="us")
    tick()
    read(api, at, [2.4], segment="eu")
    tick()
    assert [each["segment"] for each in incidents(api)] == ["eu"]
    assert Signal.objects.filter(source="kpi").count() == 1


def test_a_data_fault_is_closed_by_the_steward_and_counts_nowhere(api, travel, at):
    read(api, at - 3 * HOUR, [2.4, 2.4, 2.4])
    tick()
    number = incidents(api)[0]["number"]
    do(api, "agent", number, "acknowledge")
    no_proof = do(api, "agent", number, "verify", expect=409, outcome="data_fault")
    assert [each["code"] for each in no_proof["unmet"]] == ["evidence_missing"]
    do(api, "agent", number, "verify", outcome="data_fault", evidence="The feed counted bots.")
    refused = do(api, "agent", number, "close", expect=409)
    assert [each["code"] for each in refused["unmet"]] == ["steward_missing"]
    closed = do(api, "steward", number, "close")
    assert closed["state"] == "closed"
    assert {clock["outcome"] for clock in closed["clocks"]} <= {"void", "met"}
    assert Incident.objects.get(pk=number).is_void
