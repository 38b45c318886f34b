"""A governor sees beside each KPI in trouble what is done about it."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalations.models import Incident, Kpi, KpiState
from escalations.selectors.kpi_remedies import answers
from escalations.services.playbooks import start
from tests.factories.incidents import open_incident

KPI = "checkout-conversion"
DROP = "checkout-conversion-drop"


def test_a_kpi_in_breach_names_its_playbook_and_then_the_run(company, at, travel, client):
    travel.to(at + timedelta(minutes=1))
    kpi = Kpi.objects.get(code=KPI)
    KpiState.objects.update_or_create(
        kpi=kpi, segment="", defaults={"state": "breach", "held_state": "breach", "since_at": at}
    )
    incident = open_incident(at)
    Incident.objects.filter(pk=incident.pk).update(
        kind="kpi",
        kpi=kpi,
        verification="confirmed",
        verified_at=at,
        verified_by=company["steward"],
    )
    client.force_login(company["governor"])
    page = client.get("/admin/").text
    assert f'Proposed: <a href="/playbooks/{DROP}/"' in page
    run = start(DROP, {}, by=company["agent"], at=at, incident=incident.number)
    page = client.get("/admin/").text
    assert f'{run.get_state_display()}: <a href="/playbooks/runs/{run.pk}/"' in page
    assert "Proposed:" not in page


def test_answers_cost_the_same_for_one_kpi_and_for_all(company, at):
    for kpi in Kpi.objects.all():
        KpiState.objects.update_or_create(kpi=kpi, segment="", defaults={"state": "breach"})
    states = list(KpiState.objects.select_related("kpi"))
    user = company["governor"]
    answers(states, user)

    def cost(some):
        with CaptureQueriesContext(connection) as seen:
            answers(some, user)
        return len(seen)

    assert cost(states) <= 4
    assert cost([]) <= 1
