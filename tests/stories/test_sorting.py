"""Incidents without a category: sorted by rules, doubted, said by people, and the rules judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from escalations.models import CategoryAnswer, Incident, Policy
from escalations.rules.policy import SortingRule
from escalations.selectors.policies import policy_doc
from escalations.selectors.policy_lint import version_findings
from escalations.services.policies import draft_version, put_in_force
from tests.factories.incidents import open_incident

RULES = (
    SortingRule("Outage words", "outage", 90, ("is down", "outage")),
    SortingRule("Data words", "data_quality", 40, ("wrong figures", "report")),
)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def doc(company, at):
    """The policy in force, with two sorting rules and two agreed channels."""
    policy = Policy.objects.get()
    before = policy.versions.get(state="in_force")
    old = policy_doc(before.pk)
    first, second, *_ = old.categories
    rules = (replace(RULES[0], category=first), replace(RULES[1], category=second))
    said = replace(old, sorting=rules, agreed_sources=("phone", "portal"))
    draft = draft_version(
        policy, said, by=None, at=at - MINUTE, service_hours=before.service_hours, note="Sorts."
    )
    put_in_force(draft, by=None, at=at - MINUTE)
    return policy_doc(draft.pk)


@pytest.fixture
def agent(client, company, travel, at):
    travel.to(at)
    client.force_login(company["agent"])
    return client


def say(client, incident, **given):
    url = reverse("incident-verb", args=[incident.number, "triage"])
    return client.post(url, {"next": "/to-sort/", **given}, follow=True)


def test_a_sure_rule_sets_the_category_and_a_doubtful_one_waits_for_a_person(
    agent, doc, at, company
):
    outage, data = (rule.category for rule in doc.sorting)
    sure = open_incident(at, "a", title="The shop is DOWN", body="Nobody can buy.")
    doubt = open_incident(at, "b", title="Wrong figures", body="In the monthly report")
    unknown = open_incident(at, "c", title="Hello")
    told = open_incident(at, "d", title="The shop is down", category=data)

    assert (sure.category, sure.sorting_confidence) == (outage, None)
    assert (doubt.category, doubt.sorting_confidence) == ("", 40)
    assert (unknown.category, unknown.sorting_confidence) == ("", 0)
    assert (told.category, told.sorting_confidence) == (data, None)
    assert "category" not in told.explanation  # its sender said so
    reason = sure.timeline.get(kind="sorted").reason
    assert reason == "Outage words, 90 per cent sure: is down."

    page = agent.get("/to-sort/").content.decode()
    assert "Wrong figures" in page and "Hello" in page and "The shop" not in page
    assert "Data words: wrong figures, report" in page and "40 %" in page

    # Confirmed by one click, and chosen from the list.
    answer = say(agent, doubt, category=data)
    assert "Wrong figures" not in answer.content.decode()
    doubt.refresh_from_db()
    assert (doubt.category, doubt.state, doubt.sorting_confidence) == (data, "triaged", None)
    agent.post(reverse("incident-verb", args=[unknown.number, "acknowledge"]))
    say(agent, unknown, category=outage)
    unknown.refresh_from_db()
    assert (unknown.category, unknown.state) == (outage, "acknowledged")
    # A rule that set it by itself is corrected as well, and the newest answer counts.
    say(agent, sure, category=outage)
    say(agent, sure, category=data)
    rows = CategoryAnswer.objects.filter(taken_back_at=None).order_by("id")
    assert [(r.rule, r.suggested, r.chosen, r.was_set, r.answered_by.username) for r in rows] == [
        ("Data words", data, data, False, "agent"),
        ("", "", outage, False, "agent"),
        ("Outage words", outage, data, True, "agent"),
    ]

    agent.force_login(company["governor"])
    code = Policy.objects.get().code
    page = agent.get(reverse("policy-sorting", args=[code])).content.decode()
    assert "1 more that no rule knew" in page and "The shop is DOWN" in page
    assert "set by itself" in page
    assert agent.get(reverse("policy-sorting", args=["gone"])).status_code == 404


def test_an_answer_is_taken_back_with_its_triage_and_later_only_the_category_changes(
    agent, doc, at
):
    incident = open_incident(at, "b", title="Wrong figures")
    _, data = (rule.category for rule in doc.sorting)
    done = say(agent, incident, category=data)
    receipt = next(m.extra_tags for m in done.context["messages"])
    agent.post(reverse("undo"), {"receipt": receipt})
    incident.refresh_from_db()
    assert (incident.category, incident.state, incident.sorting_confidence) == ("", "new", 40)
    assert not CategoryAnswer.objects.filter(taken_back_at=None).exists()

    agent.post(reverse("incident-verb", args=[incident.number, "acknowledge"]))
    url = f"/api/v1/incidents/{incident.number}/triage/"
    refused = agent.post(url, {"category": data, "severity": "S4"}, "application/json").json()
    assert refused["code"] == "illegal_move"
    assert [each["code"] for each in refused["unmet"]] == ["triaged_before"]
    refused = agent.post(url, {"category": "gone"}, "application/json").json()
    assert refused["errors"][0]["code"] == "unknown_category"
    listed = agent.get("/api/v1/incidents/?to_sort=1").json()["results"]
    assert [each["number"] for each in listed] == [incident.number]
    said = agent.get(f"/api/v1/incidents/{incident.number}/").json()["sorting"]
    assert (said["source"], said["confidence"], said["suggestions"][0]["words"]) == (
        "",
        40,
        ["wrong figures"],
    )


def test_a_rule_that_people_contradict_is_warned_of(doc, at, company):
    first, second = (rule.category for rule in doc.sorting)
    incident = open_incident(at, "a", title="The shop is down")
    for number in range(10):
        CategoryAnswer.objects.create(
            incident=incident,
            policy_version_id=doc.version_id,
            rule="Outage words",
            suggested=first,
            confidence=90,
            chosen=second if number < 6 else first,
            answered_by=company["agent"],
            answered_at=at,
        )
    version = incident.policy_version

    def warned():
        return "often_wrong" in {each.code for each in version_findings(version, at)}

    assert warned()
    row = CategoryAnswer.objects.filter(chosen=second).first()
    row.chosen = first
    row.save()
    assert not warned()  # half of them


def test_off_an_agreed_channel_promises_count_from_first_sight(agent, doc, at):
    """By phone, which is agreed, they count from receipt; from the hallway from when it was seen."""
    early = (at - 30 * MINUTE).isoformat()
    seen = (at - 10 * MINUTE).isoformat()

    def opened(**given):
        body = {"title": "A call", "received_at": early, **given}
        answer = agent.post("/api/v1/incidents/", body, "application/json")
        assert answer.status_code == 201, answer.json()
        incident = Incident.objects.get(pk=answer.json()["number"])
        starts = dict(incident.clocks.values_list("kind", "started_at"))
        return answer.json(), incident, starts["response"], starts["resolution"]

    _, _, response, resolution = opened()
    assert response == resolution == at - 30 * MINUTE
    said, _, response, _ = opened(arrived_by="phone", seen_at=seen)
    assert response == at - 30 * MINUTE and said["arrival"]["is_agreed"]
    said, incident, response, resolution = opened(arrived_by="hallway", seen_at=seen)
    assert response == resolution == at - 10 * MINUTE
    assert incident.received_at == at - 30 * MINUTE and not said["arrival"]["is_agreed"]
    told = "It came by hallway, no agreed channel: its promises count from when a person first saw"
    assert incident.timeline.get(kind="arrived").sentence.startswith(told)
    page = agent.get(reverse("incident", args=[incident.number])).content.decode()
    assert page.count(f"from 17 Nov 09:50 UTC. {told}") == 2  # on both clocks
    _, _, response, _ = opened(arrived_by="hallway")
    assert response == at  # now, if nothing is said

    for given, code in (
        ({"seen_at": (at - 40 * MINUTE).isoformat()}, "seen_before_received"),
        ({"seen_at": (at + 10 * MINUTE).isoformat()}, "in_future"),
        ({"arrived_by": "two words"}, "invalid"),
    ):
        body = {"title": "A call", "received_at": early, **given}
        answer = agent.post("/api/v1/incidents/", body, "application/json")
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == code

    # The form says what it means before it is sent.
    given = {"title": "Met on the stairs", "arrived_by": "hallway", "seen_at": "2026-11-17T09:50"}
    page = agent.post("/incidents/new/", {**given, "preview": "1"}).content.decode()
    assert "It came by hallway, no agreed channel" in page
    agent.post("/incidents/new/", given)
    incident = Incident.objects.get(title="Met on the stairs")
    assert incident.clocks.get(kind="response").started_at == at - 10 * MINUTE


def test_the_list_to_sort_costs_the_same_for_few_and_for_many(agent, doc, at):
    def cost(keys):
        for key in keys:
            open_incident(at, key, title="Wrong figures")
        with CaptureQueriesContext(connection) as seen:
            assert agent.get("/to-sort/").status_code == 200
        return len(seen)

    agent.get("/to-sort/")
    assert cost("ab") == cost("cdefgh")
