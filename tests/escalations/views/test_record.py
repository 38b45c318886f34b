"""The page on which people see whether the record is as it was written."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from escalations.models import TimelineEvent, Verification
from escalations.services.seals import seal_all
from escalations.tasks.seals import verify
from tests.factories.incidents import open_incident
from tests.factories.readers import warmed


@pytest.fixture
def auditor(company, client, at, travel):
    open_incident(at, "plain")
    client.force_login(company["auditor"])
    return client


def test_before_the_first_look_it_says_so(auditor):
    page = auditor.get("/record/")
    assert "Nobody has looked yet" in page.text
    assert "Nothing is sealed yet" in page.text
    assert "Is the job cluster running?" in page.text


def test_a_look_is_a_job_and_its_result_stands_on_the_page(auditor, company, at):
    seal_all(at)
    assert auditor.post("/record/", follow=True).status_code == 200
    job = OrmQ.objects.latest("pk").task
    assert job["func"] == "escalations.tasks.seals.verify"
    verify(*job["args"])
    last = Verification.objects.get()
    assert last.asked_by == company["auditor"]
    page = auditor.get("/record/")
    assert f"Intact: {last.rows} rows, {last.chains} chains" in page.text
    assert last.head in page.text
    assert "Is the job cluster running?" not in page.text


def test_faults_stand_there_by_table_key_and_kind(auditor, at):
    seal_all(at)
    first = TimelineEvent.objects.order_by("pk").first()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE escalations_timelineevent SET kind = 'x' WHERE id = %s", [first.pk])
    verify()
    page = auditor.get("/record/").text
    assert "Broken: 1 fault." in page
    assert "escalations_timelineevent" in page
    assert "altered" in page


def test_a_look_that_ran_out_of_time_claims_nothing_about_the_rest(auditor, at, monkeypatch):
    seal_all(at)
    monkeypatch.setattr("escalations.tasks.seals.BUDGET_S", -1)
    verify()
    assert not Verification.objects.get().is_complete
    page = auditor.get("/record/").text
    assert "No fault so far, not finished" in page
    assert "Intact" not in page


def test_many_seals_cost_no_more_queries(auditor, at):
    def queries() -> int:
        warmed(auditor, "/record/")
        with CaptureQueriesContext(connection) as seen:
            assert auditor.get("/record/").status_code == 200
        return len(seen)

    seal_all(at)
    few = queries()
    for number in range(3):
        open_incident(at, f"more {number}")
        seal_all(at)
    assert queries() == few


@pytest.mark.parametrize("name", ["agent", "duty", "outsider"])
def test_others_neither_read_nor_ask(company, client, name):
    client.force_login(company[name])
    assert client.get("/record/").status_code == 403
    assert client.post("/record/").status_code == 403
