"""What machines send: batches, rates, and the door that shuts while notices wait."""

from __future__ import annotations

import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from config.lib.rates import Buckets
from escalations.api import intake
from escalations.models import Delivery, Incident, Notice, Signal
from escalations.selectors import outbox
from escalations.services import signal_batches
from tests.factories.incidents import open_incident

BATCH = "/api/v1/signals/batch/"


@pytest.fixture
def api(company, travel):
    client = APIClient()
    client.force_authenticate(company["integrator"])
    return client


@pytest.fixture
def busy_after(settings):
    settings.BUSY_AFTER_S = 5
    outbox.forget()
    yield
    outbox.forget()


def signal(key=None, **more):
    return {"source": "monitor", "dedup_key": key or uuid.uuid4().hex, "title": "Down"} | more


def send(api, rows, expect=200, **headers):
    answer = api.post(BATCH, rows, **headers)
    assert answer.status_code == expect, answer.json()
    return answer.json()


def told(answer):
    return [row.get("outcome") or row["code"] for row in answer["results"]]


# --- batches ----------------------------------------------------------------------------------------
def test_a_batch_answers_each_row_in_the_order_sent_and_bad_ones_hold_up_nobody(api):
    open_incident_key = signal("known")
    api.post("/api/v1/signals/", open_incident_key)
    answer = send(
        api,
        [
            signal("one", account="northwind", facts={"users_pct": 40}),
            "no object",
            signal("known"),
            signal("two", severity_hint="awful"),
            signal("one"),
            signal("three", account="nobody"),
            signal("never", status="resolved"),
            signal("four"),
            signal("four", status="resolved"),
            {"source": "monitor", "dedup": "five"},
        ],
    )
    assert told(answer) == [
        "opened",
        "invalid",
        "joined",
        "invalid",
        "joined",
        "unknown_account",
        "nothing_open",
        "opened",
        "resolved",
        "invalid",
    ]
    assert [row["row"] for row in answer["results"]] == list(range(10))
    assert [row["status"] for row in answer["results"]][:4] == [201, 400, 200, 400]
    assert (answer["taken"], answer["refused"]) == (6, 4)
    assert answer["results"][3]["errors"][0]["field"] == "severity_hint"
    assert answer["results"][0]["incident"] == answer["results"][4]["incident"]
    assert Incident.objects.count() == 3


def test_a_batch_with_a_key_is_taken_once_and_answers_the_same_again(api):
    rows = [signal() for _ in range(3)] + [signal("r", status="resolved"), {"source": "bad"}]
    first = send(api, rows, headers={"Idempotency-Key": "night"})
    again = send(api, rows, headers={"Idempotency-Key": "night"})
    assert [row.get("incident") for row in again["results"]] == [
        row.get("incident") for row in first["results"]
    ]
    assert told(again) == told(first)
    assert Incident.objects.count() == 3 and Delivery.objects.count() == 4
    changed = [signal() for _ in range(3)]
    refused = send(api, changed, headers={"Idempotency-Key": "night"})
    assert told(refused) == ["idempotency_key_reused"] * 3


def test_a_batch_that_carries_its_time_is_taken_once(api, at):
    rows = [signal(received_at=at.isoformat()) for _ in range(2)]
    assert told(send(api, rows)) == ["opened", "opened"]
    assert told(send(api, rows)) == ["opened", "opened"]
    assert Signal.objects.filter(occurrences=1).count() == 2


def test_rows_that_cannot_be_opened_together_are_opened_one_by_one(api, monkeypatch):
    true = signal_batches.open_incidents

    def picky(signals, **more):
        if any(each.dedup_key == "poison" for each in signals):
            raise RuntimeError("a row that breaks the set")
        return true(signals, **more)

    monkeypatch.setattr(signal_batches, "open_incidents", picky)
    answer = send(api, [signal(), signal("poison"), signal()])
    assert told(answer) == ["opened"] * 3
    assert Incident.objects.count() == 3


def test_a_batch_opens_set_wise(api):
    def cost(count):
        rows = [signal(account="northwind", facts={"users_pct": 40}) for _ in range(count)]
        with CaptureQueriesContext(connection) as seen:
            send(api, rows)
        return len(seen)

    cost(40)  # begins the storm, fills the caches
    few = cost(2)
    # SQLite cuts long inserts into pieces.
    assert cost(50) <= few + 14
    assert Notice.objects.filter(kind="assigned").exists()


@pytest.mark.parametrize("rows", [[], {}, signal("x"), [signal("x")] * 1001])
def test_a_batch_is_a_list_of_1_to_1000(api, rows):
    assert send(api, rows, expect=400)["code"] == "bad_row_count"


# --- busy -------------------------------------------------------------------------------------------
def test_intake_is_busy_while_a_notice_waits_and_takes_nothing_in(api, travel, at, busy_after):
    open_incident(at)
    travel.to(at + timedelta(seconds=4))
    assert api.post("/api/v1/signals/", signal()).status_code == 201
    outbox.forget()
    travel.to(at + timedelta(seconds=6))
    before = Signal.objects.count()
    for url, body in (
        ("/api/v1/signals/", signal()),
        (BATCH, [signal()]),
        ("/api/v1/readings/", [{"kpi": "cpc", "at": at.isoformat(), "value": 1.0}]),
    ):
        answer = api.post(url, body)
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert int(answer["Retry-After"]) >= 1
    assert Signal.objects.count() == before
    assert api.get("/api/v1/signals/").status_code == 200, "reading goes on"
    Notice.objects.update(sent_at=travel.at)
    outbox.forget()
    assert api.post("/api/v1/signals/", signal()).status_code == 201


def test_notices_that_wait_for_the_other_side_do_not_shut_the_door(api, travel, at, busy_after):
    open_incident(at)
    Notice.objects.update(attempts=1)
    travel.to(at + timedelta(minutes=1))
    assert api.post("/api/v1/signals/", signal()).status_code == 201


def test_the_outbox_is_looked_at_a_few_times_a_second_not_once_a_request(
    api, busy_after, monkeypatch
):
    def looks(present):
        monkeypatch.setattr(outbox, "time", SimpleNamespace(monotonic=lambda: present))
        seen = []

        def watched(execute, sql, params, many, context):
            seen.append(str(sql))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(watched):
            api.post("/api/v1/signals/", signal("same"))
        return sum('"attempts" = ' in sql for sql in seen)

    outbox.forget()
    assert [looks(9.0), looks(9.2), looks(9.24), looks(9.25)] == [1, 0, 0, 1]


# --- rates ------------------------------------------------------------------------------------------
def test_a_bucket_gives_its_burst_and_then_its_rate():
    buckets = Buckets(rate=2, burst=4)
    assert [buckets.take("a", at=0.0) for _ in range(5)] == [0, 0, 0, 0, 0.5]
    assert buckets.take("b", at=0.0) == 0
    assert buckets.take("a", at=0.5) == 0
    assert buckets.take("a", at=0.5) == 0.5
    assert buckets.take("big", 10, at=0.0) == 0, "more than the burst goes when it is full"
    assert buckets.take("big", at=0.0) == pytest.approx(3.5)
    assert Buckets(rate=0, burst=0).take("a", 1000) == 0


def test_a_token_that_sends_too_fast_is_told_when_to_go_on(company, settings, capsys):
    settings.INTAKE_RATE, settings.INTAKE_BURST = 0.25, 3
    intake._buckets.cache_clear()

    def client():
        call_command("create_token", "integrator")
        token = capsys.readouterr().out.split()[-1]
        made = APIClient()
        made.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return made

    fast, other = client(), client()
    assert [fast.post("/api/v1/signals/", signal()).status_code for _ in range(2)] == [201] * 2
    refused = fast.post(BATCH, [signal(), signal()])
    assert (refused.status_code, refused.json()["code"]) == (429, "too_fast")
    assert int(refused["Retry-After"]) == 4
    assert Incident.objects.count() == 2
    assert other.post("/api/v1/signals/", signal()).status_code == 201
    settings.INTAKE_RATE = 0
    assert fast.post(BATCH, [signal(), signal()]).status_code == 200
