"""The page of clock repairs: proposed by one, read and applied by another."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from escalations.models import ChangeRequest, Clock, ClockRepair, Incident
from escalations.services.changes import approve
from tests.factories.incidents import MAJOR, open_incident
from tests.stories.test_repairs import next_version

HOUR = timedelta(hours=1)


@pytest.fixture
def proposed(client, company, travel, at):
    """A tighter restore target for one open S1, proposed by `governor`."""
    incident = open_incident(at, facts=MAJOR)
    version = next_version(restore=3600)
    travel.to(at + HOUR / 2)
    client.force_login(company["governor"])
    form = {
        "kind": "policy",
        "policy": f"{version.policy.code}:{version.number}",
        "reason": "The committee decided.",
    }
    answer = client.post("/clock-repairs/new/", form)
    repair = ClockRepair.objects.get()
    assert answer.url == f"/clock-repairs/{repair.pk}/"
    return incident, repair


def restore(incident):
    return Clock.objects.get(incident=incident, kind="restore")


def test_the_proposal_shows_each_due_time_before_and_after(proposed, client):
    incident, repair = proposed
    page = client.get(f"/clock-repairs/{repair.pk}/").text
    assert incident.key in page and "2 h → 1 h" in page
    assert "12:00" in page and "11:30" in page
    assert "somebody else applies it" in page and "Apply to all" not in page


def test_a_second_person_applies_it(proposed, client, company, at):
    incident, repair = proposed
    path = f"/clock-repairs/{repair.pk}/apply/"
    assert "Somebody else" in client.post(path, follow=True).text
    client.force_login(company["agent"])
    assert client.post(path).status_code == 403
    client.force_login(company["governor2"])
    assert "Apply to all" in client.get(f"/clock-repairs/{repair.pk}/").text
    assert "1 incident changed, 0 kept as they were." in client.post(path, follow=True).text
    assert restore(incident).due_at == at + 1.5 * HOUR


def test_dropped_it_changes_nothing(proposed, client, at):
    incident, repair = proposed
    page = client.post(f"/clock-repairs/{repair.pk}/drop/", follow=True).text
    assert "Dropped. Nothing changed." in page
    assert restore(incident).due_at == at + 2 * HOUR
    assert "Dropped" in client.get("/clock-repairs/").text


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"kind": "policy", "reason": "x"}, "Choose the policy."),
        ({"kind": "recompute", "reason": "x"}, "Choose the service hours."),
        ({"kind": "due", "reason": "x"}, "not one of the available choices"),
        ({"kind": "recompute", "hours": "office:1", "reason": ""}, "This field is required."),
        ({"kind": "recompute", "hours": "office:1", "reason": "x"}, "No running clock would"),
    ],
)
def test_what_cannot_be_proposed_says_why_on_the_form(client, company, travel, form, sentence):
    client.force_login(company["governor"])
    answer = client.post("/clock-repairs/new/", form)
    assert answer.status_code == 400 and sentence in answer.text
    assert not ClockRepair.objects.exists()


def test_what_is_hidden_from_the_reader_is_counted_and_not_shown(proposed, client, company):
    incident, repair = proposed
    secret = Team.objects.create(code="secret", name="Secret", is_private=True)
    Incident.objects.filter(pk=incident.pk).update(team=secret, title="Hush hush")
    client.force_login(company["steward"])
    page = client.get(f"/clock-repairs/{repair.pk}/").text
    assert "Hush hush" not in page and incident.key not in page
    assert "1 more of incidents that you may not see" in page
    assert client.get("/clock-repairs/999999/").status_code == 404
    assert client.get(f"/clock-repairs/{10**20}/").status_code == 404


def test_the_list_costs_the_same_for_one_and_for_many(proposed, client):
    def cost():
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/clock-repairs/").status_code == 200
        return len(seen)

    cost()
    few, repair = cost(), proposed[1]
    for _ in range(8):
        repair.pk, repair._state.adding = None, True
        repair.save()
    assert cost() == few


def test_a_link_fills_the_form_in(client, company, travel):
    client.force_login(company["governor"])
    page = client.get("/clock-repairs/new/?kind=recompute&hours=office:1").text
    assert '<option value="recompute" selected>' in page
    assert '<option value="office:1" selected>' in page
    client.force_login(company["agent"])
    assert client.get("/clock-repairs/new/").status_code == 403


def test_the_page_of_hours_says_how_many_clocks_will_take_a_version_over(
    client, company, travel, at
):
    open_incident(at, account="halden")
    client.force_login(company["governor"])
    code = Clock.objects.get(kind="resolution").calendar.service_hours.code
    form = {
        "zone_name": "Europe/Berlin",
        "mon": "09:00-12:00",
        "effective_from": "2026-12-01T09:00",
        "reason": "Shorter weeks.",
    }
    client.post(f"/service-hours/{code}/", form)
    approve(ChangeRequest.objects.get().pk, by=company["governor2"], at=at)
    page = client.get(f"/service-hours/{code}/").text
    count = Clock.objects.filter(calendar__isnull=False, run_state="running").count()
    assert count > 1
    assert f"Version 2: {count} running clocks count by it from" in page
