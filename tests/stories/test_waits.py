"""A wait names whom it waits for, is asked after, ends with a reply, and is counted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from accounts.models import Team
from escalations.models import Clock, Incident, Notice, TimelineEvent
from escalations.rules.lifecycle import Verb
from escalations.selectors.pauses import share_words, shares
from escalations.services.moves import perform
from escalations.tasks.schedule import sweep
from tests.factories.incidents import MAJOR, open_incident

HOUR = timedelta(hours=1)
WAIT = {"reason": "customer_wait", "awaiting": "their log files"}


@pytest.fixture
def waits(company, travel, at):
    """An S1 that has waited for the customer since it was an hour old, until two hours later."""
    incident = open_incident(at, facts=MAJOR, severity_hint="critical")
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=company["agent"], at=at)
    given = {**WAIT, "next_check_at": at + 3 * HOUR}
    perform(incident.number, Verb.PAUSE, given, by=company["agent"], at=at + HOUR)
    travel.to(at + 2 * HOUR)
    return incident


def reply(company, who, incident, expect=200, **body):
    client = APIClient()
    client.force_authenticate(company[who])
    answer = client.post(
        f"/api/v1/incidents/{incident.number}/replies/", {"text": "Attached.", **body}, "json"
    )
    assert answer.status_code == expect, answer.json()
    return answer.json()


def paused(incident):
    return set(
        Clock.objects.filter(incident=incident, run_state="paused").values_list("kind", flat=True)
    )


def test_the_page_says_whom_it_waits_for_and_when_to_ask(client, company, waits):
    client.force_login(company["agent"])
    answer = client.get(f"/incidents/{waits.number}/")
    assert answer.context["page"].waiting.awaiting == "their log files"
    text = answer.content.decode()
    assert "Ask again by 13:00 UTC" in text and "1 h, 50 % of its time" in text


def test_on_its_date_the_owner_is_reminded_once(client, company, waits, travel, at):
    sweep(at + 3 * HOUR - timedelta(seconds=1))
    assert not TimelineEvent.objects.filter(incident=waits, kind="chase").exists()
    for moment in (3 * HOUR, 3 * HOUR, 4 * HOUR):
        sweep(at + moment)
    assert TimelineEvent.objects.filter(incident=waits, kind="chase").count() == 1
    told = Notice.objects.get(incident=waits, key__contains="chase")
    assert told.recipient == company["agent"] and "their log files" in told.subject
    assert paused(waits), "nothing goes on by itself"
    travel.to(at + 4 * HOUR)
    client.force_login(company["agent"])
    assert "Ask again now" in client.get(f"/incidents/{waits.number}/").content.decode()


def test_a_wait_that_ended_is_not_asked_after(company, waits, at):
    perform(waits.number, Verb.RESUME, {}, by=company["agent"], at=at + 2 * HOUR)
    sweep(at + 3 * HOUR)
    assert not TimelineEvent.objects.filter(incident=waits, kind="chase").exists()


def test_a_reply_resumes_from_the_moment_it_came(company, waits, at):
    assert "resolution" in paused(waits)
    reply(company, "integrator", waits, received_at=(at + 1.5 * HOUR).isoformat(), name="Ada")
    assert paused(waits) == set()
    clock = Clock.objects.get(incident=waits, kind="resolution")
    assert clock.due_at == at + timedelta(hours=24.5)
    told = Notice.objects.get(incident=waits, key__contains="reply")
    assert "Ada replied" in told.subject and told.recipient == company["agent"]


def test_a_reply_does_not_end_the_wait_for_somebody_else(company, waits, at):
    given = {"reason": "third_party_wait", "awaiting": "the acquirer"}
    perform(waits.number, Verb.PAUSE, given, by=company["agent"], at=at + 1.5 * HOUR)
    reply(company, "integrator", waits)
    assert "resolution" in paused(waits)


def test_a_reply_told_twice_counts_once_and_one_from_tomorrow_not_at_all(company, waits, at):
    for _ in range(2):
        reply(company, "integrator", waits, message_id="<1@northwind.example>")
    assert TimelineEvent.objects.filter(incident=waits, kind="reply").count() == 1
    refused = reply(company, "agent", waits, 400, received_at=(at + 9 * HOUR).isoformat())
    assert refused["errors"][0]["code"] == "in_future"
    assert reply(company, "auditor", waits, 403)["code"] == "missing_right"
    assert reply(company, "agent", waits, 400, text="")["errors"][0]["field"] == "text"
    reply(company, "outsider", waits, 403)


def test_teams_and_customers_show_how_much_of_their_time_waited(client, company, waits, at):
    moment = at + 2 * HOUR
    [found] = shares(Incident.objects.real(), "account", moment).values()
    assert found.share == 0.5
    assert share_words("Northwind", found).split == "50 % the customer"
    client.force_login(company["agent"])
    assert "50 % (1 h)" in client.get("/customers/northwind/").content.decode()
    shift = client.get("/my-shift/").context["page"].paused
    assert [each.label for each in shift] == [Team.objects.get(pk=waits.team_id).name]
    assert shift[0].text == "50 % (1 h)"


def test_the_share_costs_the_same_for_one_and_for_many(
    company, waits, at, django_assert_num_queries
):
    for number in range(12):
        more = open_incident(at, f"more-{number}", account="")
        perform(more.number, Verb.PAUSE, WAIT, by=company["duty"], at=at + HOUR)
    with django_assert_num_queries(2):
        shares(Incident.objects.real(), "team", at + 2 * HOUR)
