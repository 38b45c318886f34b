"""A broken promise proposes why; a person confirms it or says another cause."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from accounts.models import Team
from escalations.models import Clock, ClockMark, Incident
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from escalations.tasks.schedule import sweep
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.reviews import resolve

MINUTE = timedelta(minutes=1)


@pytest.fixture
def api(company, travel):
    def call(who, method, path, expect=200, **body):
        client = APIClient()
        client.force_authenticate(company[who])
        answer = getattr(client, method)(f"/api/v1/{path}", body, format="json")
        assert answer.status_code == expect, answer.json()
        return answer.json()

    return call


def cause_of(incident, kind):
    return ClockMark.objects.get(clock__incident=incident, clock__kind=kind, kind="breach").cause


def test_nobody_answered(company, at):
    incident = open_incident(at, facts=MAJOR)
    sweep(at + 6 * MINUTE)
    assert cause_of(incident, "response") == "no_ack"


def test_nobody_was_asked(company, at):
    Team.objects.get(code="frontline").memberships.all().delete()
    incident = open_incident(at, facts=MAJOR)
    assert incident.commander is None
    sweep(at + 6 * MINUTE)
    assert cause_of(incident, "response") == "no_owner"


@pytest.mark.parametrize(
    ("moves", "cause"),
    [
        ([(2, Verb.MITIGATE, {"plan": "Fail over."})], "technical"),
        ([(100, Verb.MITIGATE, {"plan": "Fail over."})], "waiting_internal"),
        (
            [
                (2, Verb.MITIGATE, {"plan": "Fail over."}),
                (20, Verb.PROPOSE_CONTAIN, {"evidence": "Quiet."}),
            ],
            "waiting_internal",
        ),
        (
            [
                (2, Verb.MITIGATE, {"plan": "Fail over."}),
                (10, Verb.UPDATE, {"text": "Which region do you see it in?"}),
            ],
            "waiting_customer_untracked",
        ),
    ],
)
def test_where_the_time_went_before_it_was_contained(company, at, moves, cause):
    incident = open_incident(at, facts=MAJOR)
    agent = company["agent"]
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=agent, at=at + MINUTE)
    for minutes, verb, given in moves:
        perform(incident.number, verb, given, by=agent, at=at + minutes * MINUTE)
    sweep(at + 121 * MINUTE)
    assert cause_of(incident, "restore") == cause


def test_too_much_for_one_owner(company, at):
    agent = company["agent"]
    for n in range(5):
        other = open_incident(at, f"other-{n}", account="halden", severity_hint="info")
        perform(other.number, Verb.CLAIM, {"take_over": True}, by=agent, at=at)
    incident = open_incident(at, facts=MAJOR)
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=agent, at=at + MINUTE)
    sweep(at + 121 * MINUTE)
    assert cause_of(incident, "restore") == "capacity"


def test_a_start_taken_over_from_another_may_break_it_at_once(company, travel, at):
    facts = {"core_down_no_workaround": True}
    first = open_incident(at - timedelta(hours=130), "first", facts=facts)
    later = open_incident(at, "later", facts=facts)
    assert first.severity == later.severity == 2
    given = {"into": later.number, "reason": "One outage."}
    perform(first.number, Verb.MERGE, given, by=company["duty"], at=at + MINUTE)
    clock = Clock.objects.get(incident=later, kind="resolution")
    assert clock.breached_at == at + MINUTE
    assert cause_of(later, "resolution") == "retarget"
    run = later.ladder_runs.get()
    assert run.steps.filter(kind="jump").exists(), "any breach escalates"


def test_a_person_confirms_or_says_another_with_a_note(api, company, client, travel, at):
    incident = open_incident(at, facts=MAJOR)
    sweep(at + 6 * MINUTE)
    travel.to(at + 10 * MINUTE)
    (row,) = api("auditor", "get", "breaches/", confirmed="false")["results"]
    assert (row["incident"], row["clock"], row["cause"]) == (incident.number, "response", "no_ack")
    path = f"breaches/{row['id']}/confirm-cause/"
    assert api("auditor", "post", path, 403)["code"] == "missing_right"
    bare = api("agent", "post", path, 400, cause="technical")
    assert bare["errors"][0]["code"] == "note_missing"
    client.force_login(company["agent"])
    assert "Why late: Nobody acknowledged" in client.get(f"/incidents/{incident.number}/").text
    done = api("agent", "post", path)
    assert (done["cause"], done["cause_confirmed_by"]) == ("no_ack", "agent")
    again = api("agent2", "post", path, cause="technical", note="The pager was down.")
    assert (again["cause"], again["proposed_cause"]) == ("technical", "no_ack")
    told = Incident.objects.get().timeline.filter(kind="breach_cause")
    assert told.count() == 2 and told.last().reason == "The pager was down."
    assert api("agent", "get", "breaches/", confirmed="false")["results"] == []
    page = client.post(f"/breaches/{row['id']}/cause/", {"cause": "capacity"}, follow=True)
    assert "Say why it was another cause." in page.text


def test_a_breach_of_a_hidden_or_void_incident_is_not_there(api, at):
    incident = open_incident(at, "minor", account="halden", severity_hint="info")
    sweep(at + timedelta(days=20))
    mark = ClockMark.objects.filter(clock__incident=incident, kind="breach").first()
    path = f"breaches/{mark.pk}/confirm-cause/"
    api("duty", "post", f"incidents/{incident.number}/cancel/", reason="A false alarm.")
    assert api("agent", "post", path, 409)["code"] == "void"
    Team.objects.filter(pk=incident.team_id).update(is_private=True)
    assert api("steward", "post", path, 404)["code"] == "not_found"


def test_a_review_says_which_causes_still_need_a_word(api, company, client, travel, at):
    incident = open_incident(at, facts=MAJOR)
    sweep(at + 6 * MINUTE)
    resolve(incident, by=company["agent"], at=at + 7 * MINUTE)
    client.force_login(company["agent"])
    path = f"/reviews/{incident.number}/"
    assert "cause to confirm" in client.get(path).text
    travel.to(at + 10 * MINUTE)
    for row in api("agent", "get", "breaches/", confirmed="false")["results"]:
        api("agent", "post", f"breaches/{row['id']}/confirm-cause/")
    page = client.get(path).text
    assert "cause to confirm" not in page and "Nobody acknowledged, says" in page
