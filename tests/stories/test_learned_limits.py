"""A weekly pattern of six weeks, and a Sunday that only the weeks before can call bad."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rest_framework.test import APIClient

from escalations.models import Incident, KpiFlip, LearnedDay
from escalations.tasks.schedule import tick

BERLIN_MIDNIGHT = datetime(2026, 10, 4, 22, tzinfo=UTC)  # the Monday of the first week
HOUR = timedelta(hours=1)
SUNDAY = BERLIN_MIDNIGHT + timedelta(days=5 * 7 + 6, hours=1)  # winter time by then
URL = "/api/v1/kpis/"
VISITS = {
    "code": "visits",
    "name": "Shop visits",
    "objective": "People find the shop.",
    "family": "growth",
    "unit": "count",
    "time_zone": "Europe/Berlin",
    "direction": "higher",
    "mode": "both",
    "warn": 100,
    "breach": 50,
    "n": 2,
    "m": 3,
    "c": 2,
    "breach_facts": {"users_pct": 20},
}


@pytest.fixture
def api(company):
    def as_(username: str) -> APIClient:
        client = APIClient()
        client.force_authenticate(company[username])
        return client

    return as_


def visits(when: datetime) -> float:
    """Weekdays are quiet at 300; on Sunday afternoons a thousand come."""
    local = when + (2 * HOUR if when < datetime(2026, 10, 25, 1, tzinfo=UTC) else HOUR)
    busy = local.weekday() == 6 and 12 <= local.hour < 18
    return (1000 if busy else 300) + (when.day * 7 + when.hour * 3) % 20


def send(api, times, value=visits, **more):
    rows = [{"kpi": "visits", "at": at.isoformat(), "value": value(at), **more} for at in times]
    answer = api("integrator").post("/api/v1/readings/", rows)
    assert answer.status_code == 200, answer.json()


def hours(start: datetime, end: datetime) -> list[datetime]:
    return [start + n * HOUR for n in range(int((end - start) / HOUR))]


def test_a_quiet_sunday_opens_an_incident_that_static_limits_would_miss(api, travel):
    travel.to(SUNDAY)
    assert api("integrator").post(URL, VISITS).status_code == 201
    send(api, hours(BERLIN_MIDNIGHT, SUNDAY))
    tick()
    assert not Incident.objects.filter(kpi__code="visits").exists()

    noon = SUNDAY + 12 * HOUR
    travel.to(noon)
    send(api, hours(SUNDAY, noon))
    tick()
    travel.to(noon + HOUR)
    send(api, [noon], value=lambda at: 300)  # usual on any other day
    tick()
    assert not Incident.objects.filter(kpi__code="visits").exists()  # one of three
    travel.to(noon + 2 * HOUR)
    send(api, [noon + HOUR], value=lambda at: 300)
    tick()
    (found,) = api("agent").get("/api/v1/incidents/", {"kpi": "visits"}).json()["results"]
    assert found["severity"] == "S2"
    assert "breach below" in found["title"] and "usually 10" in found["title"]
    facts = api("agent").get(f"/api/v1/incidents/{found['number']}/explain/").json()["facts"]
    assert [(fact["name"], fact["source"]) for fact in facts] == [("users_pct", "kpi")]

    travel.to(noon + 3 * HOUR)
    send(api, [noon, noon + HOUR], correction=True)  # the counter had been down
    tick()
    assert KpiFlip.objects.filter(kpi__code="visits", superseded_at=None).count() == 0
    (state,) = api("kpi-owner").get(f"{URL}visits/").json()["states"]
    assert (state["state"], state["is_learning"]) == ("ok", False)
    assert Incident.objects.filter(kpi__code="visits").count() == 1

    end = SUNDAY + timedelta(days=3)
    travel.to(end)
    send(api, hours(noon + 2 * HOUR, end))
    tick()
    assert Incident.objects.filter(kpi__code="visits").count() == 1
    assert KpiFlip.objects.filter(kpi__code="visits", superseded_at=None).count() == 0
    assert LearnedDay.objects.count() == 6 * 7 + 2
