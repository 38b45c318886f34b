"""While a window lasts nobody is called; what still stands at its end opens then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from escalations.models import Clock, Incident, Kpi, MaintenanceWindow, Notice, Signal
from escalations.rules.kpi_news import KpiFlipNews
from escalations.rules.policy import Severity
from escalations.rules.thresholds import KpiStateName
from escalations.services.kpi_signals import record_kpi_flips
from escalations.services.maintenance import Keeper, settle_window
from escalations.services.signals import SignalMessage, receive_signal
from escalations.tasks.schedule import next_due, sweep

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def api(company, travel):
    def call(who, method, path, expect, **body):
        client = APIClient()
        client.force_authenticate(company[who])
        answer = getattr(client, method)(f"/api/v1/{path}", body or None, format="json")
        assert answer.status_code == expect, answer.json()
        return answer.json()

    return call


def declare(api, at, expect=201, who="duty", **more):
    body = {"reason": "Move of the database", "source": "pager", "ends_at": (at + HOUR).isoformat()}
    return api(who, "post", "maintenance-windows/", expect, **(body | more))


def flip(kpi, at, state, before="ok", severity=None):
    return KpiFlipNews(
        kpi_id=kpi.pk,
        kpi_code=kpi.code,
        kpi_name=kpi.name,
        unit=kpi.unit,
        segment="",
        channel="",
        flip_at=at,
        period_end=None,
        from_state=KpiStateName(before),
        to_state=KpiStateName(state),
        value=9.0,
        threshold_id=0,
        declared_severity=Severity(severity) if severity else None,
        facts={},
        is_late=False,
        limit_text="above 1",
    )


def fire(at, key="disk", source="pager", is_firing=True, hint="critical"):
    message = SignalMessage(source, key, is_firing, f"Trouble with {key}", at, severity_hint=hint)
    return receive_signal(message, by=None, at=at)


def test_nothing_opens_or_pages_and_what_stands_opens_at_the_end(api, at):
    window = declare(api, at)
    assert fire(at + MINUTE).outcome == "kept"
    assert fire(at + 2 * MINUTE).outcome == "kept"
    assert fire(at + 3 * MINUTE, "net").outcome == "kept"
    assert fire(at + 4 * MINUTE, "net", is_firing=False).outcome == "resolved"
    sweep(at + HOUR - timedelta(seconds=1))
    assert not Incident.objects.exists() and not Notice.objects.exists()
    assert next_due() == at + HOUR
    found = api("auditor", "get", f"maintenance-windows/{window['id']}/", 200)
    assert (found["kept"], found["standing"]) == (2, 1)
    assert Signal.objects.get(dedup_key="disk").occurrences == 2
    assert sweep(at + HOUR) >= 1
    incident = Incident.objects.get()
    assert incident.received_at == at + MINUTE, "said truly"
    starts = dict(Clock.objects.filter(incident=incident).values_list("kind", "started_at"))
    assert set(starts.values()) == {at + HOUR}, "promised from the end of the window"
    assert Notice.objects.filter(incident=incident).exists()
    assert incident.timeline.filter(kind="kept").exists()
    sweep(at + 2 * HOUR)
    assert Incident.objects.count() == 1
    assert fire(at + 2 * HOUR).outcome == "joined"


def test_other_signals_open_as_ever_and_so_does_a_person(api, at):
    declare(api, at)
    assert fire(at + MINUTE, source="probe").outcome == "opened"
    declare(api, at, source="", product_area="shop")
    body = {"title": "I see it myself", "product_area": "shop"}
    api("agent", "post", "incidents/", 201, **body)
    assert Incident.objects.count() == 2


def test_what_is_open_already_goes_on(api, at):
    number = fire(at).incident.number
    declare(api, at)
    assert fire(at + MINUTE).outcome == "joined"
    fire(at + 2 * MINUTE, is_firing=False)
    assert fire(at + 3 * MINUTE).outcome == "kept", "it is not reopened while a window lasts"
    assert Incident.objects.get(pk=number).state == "resolved"


def test_ended_early_what_stands_opens_in_the_same_change(api, travel, at):
    window = declare(api, at)
    fire(at + MINUTE)
    travel.to(at + 10 * MINUTE)
    path = f"maintenance-windows/{window['id']}/end/"
    assert api("agent", "post", path, 403)["code"] == "missing_right"
    assert api("duty", "post", path, 200)["opened"] == 1
    row = MaintenanceWindow.objects.get()
    assert (row.ends_at, row.ended_by.username, row.settle_at) == (at + 10 * MINUTE, "duty", None)
    assert api("duty", "post", path, 409)["code"] == "over_already"
    assert api("duty", "post", "maintenance-windows/99/end/", 404)["code"] == "not_found"
    assert [h.history_user.username for h in row.history.all()] == ["duty", "duty"]


def test_a_second_window_that_lasts_longer_keeps_it_on(api, at):
    declare(api, at)
    fire(at + MINUTE)
    declare(api, at, ends_at=(at + 3 * HOUR).isoformat())
    sweep(at + HOUR)
    assert not Incident.objects.exists()
    sweep(at + 3 * HOUR)
    assert Incident.objects.count() == 1


def test_a_repeating_window_comes_again(api, travel, at):
    declare(
        api,
        at,
        ends_at=None,
        weekdays=[1],
        repeat_from="11:00",
        repeat_to="12:00",
        time_zone="Europe/Berlin",
        until="2026-11-24",
    )
    assert fire(at + MINUTE).outcome == "kept"
    sweep(at + HOUR)
    assert Incident.objects.count() == 1
    row = MaintenanceWindow.objects.get()
    assert (row.starts_at, row.settle_at) == (
        at + timedelta(days=7),
        at + timedelta(days=7, hours=1),
    )
    assert fire(at + 2 * HOUR, "net").outcome == "opened"
    assert fire(at + timedelta(days=7, minutes=5), "cpu").outcome == "kept"
    travel.to(at + timedelta(days=7, minutes=10))
    path = f"maintenance-windows/{row.pk}/end/"
    assert api("duty", "post", path, 200, for_good=False)["opened"] == 1
    row.refresh_from_db()
    assert row.settle_at is None, "that was its last day"


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"source": ""}, "kpi", "scope_missing"),
        ({"kpi": "no-such"}, "kpi", "unknown_kpi"),
        ({"account": "no-such"}, "account", "unknown_account"),
        ({"ends_at": None}, "ends_at", "bad_period"),
        ({"ends_at": "2026-11-17T09:00:00Z"}, "ends_at", "bad_period"),
        (
            {"starts_at": "2026-11-16T09:00:00Z", "ends_at": "2026-11-17T09:00:00Z"},
            "ends_at",
            "in_the_past",
        ),
        ({"ends_at": "2026-11-24T10:00:01Z"}, "ends_at", "too_long"),
        ({"weekdays": [1]}, "repeat_from", "bad_period"),
        (
            {"weekdays": [1], "repeat_from": "1:00", "repeat_to": "2:00", "time_zone": "Mars/Ares"},
            "time_zone",
            "unknown_zone",
        ),
        (
            {
                "weekdays": [1],
                "repeat_from": "1:00",
                "repeat_to": "2:00",
                "time_zone": "UTC",
                "until": "2026-11-16",
            },
            "until",
            "never",
        ),
    ],
)
def test_a_window_that_cannot_be_is_refused_with_its_field(api, at, changes, field, code):
    refused = declare(api, at, expect=400, **changes)
    assert [(e["field"], e["code"]) for e in refused["errors"]] == [(field, code)]
    assert not MaintenanceWindow.objects.exists()


def test_a_kpi_is_kept_and_opens_by_its_worst_word(api, at):
    kpi = Kpi.objects.get(code="cpc")
    declare(api, at, source="", kpi="cpc")
    record_kpi_flips([flip(kpi, at + MINUTE, "warn", severity=3)], at=at + MINUTE)
    worse = flip(kpi, at + 2 * MINUTE, "breach", severity=2, before="warn")
    assert record_kpi_flips([worse], at=at + 2 * MINUTE) == []
    assert not Incident.objects.exists()
    sweep(at + HOUR)
    assert (Incident.objects.get().kpi, Incident.objects.get().severity) == (kpi, 2)


def test_a_kpi_that_recovered_in_time_opens_nothing(api, at):
    kpi = Kpi.objects.get(code="cpc")
    declare(api, at, source="", kpi="cpc")
    record_kpi_flips([flip(kpi, at + MINUTE, "warn", severity=3)], at=at + MINUTE)
    ok = flip(kpi, at + 2 * MINUTE, "ok", before="warn")
    record_kpi_flips([ok], at=at + 2 * MINUTE)
    sweep(at + HOUR)
    assert not Incident.objects.exists()


def test_a_batch_costs_one_look_and_one_write(api, company, at):
    declare(api, at)

    def cost(count):
        rows = [
            Signal.objects.create(
                source="pager",
                dedup_key=f"{count}-{n}",
                title="t",
                first_at=at,
                last_at=at,
                received_at=at,
            )
            for n in range(count)
        ]
        with CaptureQueriesContext(connection) as seen:
            keeper = Keeper(at)
            assert all([keeper.takes(row) for row in rows])
            keeper.store()
        return len(seen)

    cost(1)  # reads the windows, which are kept until one changes
    assert cost(3) == cost(300)


def test_the_end_of_a_window_opens_set_wise(api, at):
    def cost(count, start):
        end = start + HOUR
        made = declare(api, start, starts_at=start.isoformat(), ends_at=end.isoformat())
        for n in range(count):
            fire(start + MINUTE, f"{count}-{n}", hint="info")
        with CaptureQueriesContext(connection) as seen:
            assert settle_window(made["id"], end)
        return len(seen)

    cost(1, at)  # fills what is kept
    first = cost(2, at + timedelta(days=1))
    assert cost(12, at + timedelta(days=2)) < first + 12


def test_pages_list_declare_and_end_and_the_queue_says_so(api, client, company, at):
    declare(api, at)
    fire(at + MINUTE)
    client.force_login(company["agent"])
    queue = client.get("/").text
    assert "Maintenance until" in queue and "1 kept so far" in queue
    assert "Move of the database" in client.get("/maintenance/").text
    assert client.get("/maintenance/new/").status_code == 403
    client.force_login(company["duty"])
    bad = client.post("/maintenance/new/", {"reason": "x", "ends_at": "2026-11-17T12:00"})
    assert bad.status_code == 400 and "Name what it covers" in bad.text
    form = {"reason": "Again", "product_area": "shop", "ends_at": "2026-11-17T12:00"}
    assert client.post("/maintenance/new/", form).status_code == 302
    pk = MaintenanceWindow.objects.order_by("pk").last().pk
    assert MaintenanceWindow.objects.get(pk=pk).ends_at == at + 2 * HOUR
    client.post(f"/maintenance/{pk}/end/")
    assert MaintenanceWindow.objects.get(pk=pk).ended_by == company["duty"]
