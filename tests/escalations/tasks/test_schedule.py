"""The safety net: what the clock process does, the job cluster does every minute as well."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils.module_loading import import_string
from django_q.models import Schedule

from escalations.models import Incident, KpiState, LadderRun
from escalations.services.readings import take_in
from escalations.services.reference import SCHEDULES
from escalations.services.signals import SignalMessage, receive_signal
from escalations.tasks.schedule import next_due, sweep


def test_each_schedule_is_made_once_and_names_a_function(db, capsys):
    Schedule.objects.create(name="gone", func="no.such.path")
    for _ in range(2):
        call_command("sync_reference")
    assert dict(Schedule.objects.values_list("name", "func")) == {
        name: path for name, (path, _) in SCHEDULES.items()
    }
    for path, _ in SCHEDULES.values():
        assert callable(import_string(path))


def test_the_safety_net_judges_readings_and_climbs_without_the_clock_process(company, travel, at):
    receive_signal(
        SignalMessage("s", "k", True, "t", at, facts={"data_or_legal_confirmed": True}),
        by=None,
        at=at,
    )
    take_in([{"kpi": "cpc", "at": at.isoformat(), "value": 9}], by=company["integrator"], at=at)
    travel.to(at + timedelta(minutes=5, seconds=1))
    import_string(SCHEDULES["sweep"][0])()
    assert LadderRun.objects.get(incident__source="s").level == 2
    assert KpiState.objects.get().state == "breach"
    assert Incident.objects.filter(source="kpi").exists()


def test_the_loop_sleeps_until_the_earliest_due_time_of_any_kind(company, at):
    assert next_due() is None
    receive_signal(
        SignalMessage("s", "k", True, "t", at, facts={"data_or_legal_confirmed": True}),
        by=None,
        at=at,
    )
    # somebody waits for an answer: did the roster change hands meanwhile?
    assert next_due() == at + timedelta(minutes=1)
    sweep(at + timedelta(minutes=1))
    sweep(at + timedelta(minutes=2))
    # half of the five minutes to answer: the first warning
    assert next_due() == at + timedelta(minutes=2, seconds=30)


@pytest.mark.parametrize("username", ["integrator"])
def test_the_integrator_may_read_every_incident_kpi_and_reading(company, username):
    from rest_framework.test import APIClient

    client = APIClient()
    client.force_authenticate(company[username])
    for path in ("incidents", "kpis", "readings"):
        assert client.get(f"/api/v1/{path}/").status_code == 200
    client.force_authenticate(company["outsider"])
    for path in ("incidents", "kpis", "readings"):
        refused = client.get(f"/api/v1/{path}/")
        assert refused.status_code == 403
