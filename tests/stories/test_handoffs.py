"""Passing an incident on: asked with a packet, accepted or not, never lost (SEMANTICS 2.5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from accounts.models import Membership, Team
from escalations.models import Clock, ClockTarget, Handoff, Incident, Notice, Responder
from escalations.selectors import policies
from escalations.tasks.schedule import sweep
from tests.factories.incidents import MAJOR, open_incident

MINUTE = timedelta(minutes=1)


@pytest.fixture
def do(company, travel):
    """One verb of one person over the API; answers the document."""

    def call(who, incident, verb, expect=200, **body):
        client = APIClient()
        client.force_authenticate(company[who])
        answer = client.post(f"/api/v1/incidents/{incident.number}/{verb}/", body, format="json")
        assert answer.status_code == expect, answer.json()
        return answer.json()

    return call


def packet(at, **more):
    return {
        "summary": "Captures fail at one acquirer.",
        "status": "Half of the traffic moved.",
        "risks": "The second acquirer may throttle us.",
        "next_step": "Move the rest.",
        "next_step_owner": "agent2",
        "next_step_due_at": (at + timedelta(hours=1)).isoformat(),
        **more,
    }


@pytest.fixture
def owned(do, travel, at):
    """An S1 that `agent` owns since a minute after it opened."""
    incident = open_incident(at, facts=MAJOR, severity_hint="critical")
    assert incident.severity == 1
    travel.to(at + MINUTE)
    do("agent", incident, "claim", take_over=True)
    return incident


def owner(incident):
    return Incident.objects.get(pk=incident.pk).commander.username


def test_owner_and_clocks_stay_with_the_sender_until_it_is_accepted(do, owned, travel, at):
    due = list(Clock.objects.filter(incident=owned).order_by("pk").values_list("due_at"))
    do("agent", owned, "hand-off", to_person="agent2", **packet(at))
    assert owner(owned) == "agent"
    assert do("senior", owned, "accept-hand-off", expect=409)["unmet"][0]["code"] == "not_asked"
    notice = Notice.objects.get(incident=owned, recipient__username="agent2", key__contains="hand")
    assert "Move the rest." in notice.text and "throttle" in notice.text
    travel.to(at + 5 * MINUTE)
    found = do("agent2", owned, "accept-hand-off")
    assert found["commander"] == "agent2"
    assert list(Clock.objects.filter(incident=owned).order_by("pk").values_list("due_at")) == due
    roles = Responder.objects.filter(incident=owned, ended_at=None)
    assert {(r.role, r.user.username) for r in roles} >= {
        ("commander", "agent2"),
        ("backup", "agent"),
    }
    told = Notice.objects.filter(incident=owned, recipient__username="agent", kind="news")
    assert told.filter(key__contains="handoff:1:accepted").exists()


def test_a_packet_lacks_nothing_or_everything_missing_is_named_at_once(do, owned):
    refused = do("agent", owned, "hand-off", expect=409)
    assert [each["code"] for each in refused["unmet"]] == [
        "to_missing",
        "summary_missing",
        "status_missing",
        "risks_missing",
        "next_step_missing",
        "next_step_owner_missing",
        "next_step_due_at_missing",
    ]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"to_person": "nobody"}, "to_person", "unknown_person"),
        ({"to_person": "outsider"}, "to_person", "cannot_respond"),
        ({"to_person": "auditor"}, "to_person", "cannot_respond"),
        ({"to_person": "agent"}, "to_person", "owns_it_already"),
        ({"to_team": "no-such"}, "to_team", "unknown_team"),
        ({"to_person": "agent2", "next_step_owner": "ghost"}, "next_step_owner", "unknown_person"),
    ],
)
def test_it_goes_to_somebody_who_can_take_it(do, owned, at, changes, field, code):
    refused = do("agent", owned, "hand-off", expect=400, **{**packet(at), **changes})
    assert [(e["field"], e["code"]) for e in refused["errors"]] == [(field, code)]


@pytest.mark.parametrize(
    ("hint", "facts", "minutes"), [("critical", MAJOR, 10), ("warning", {}, 30)]
)
def test_unanswered_it_goes_back_and_the_duty_manager_is_told(do, travel, at, hint, facts, minutes):
    incident = open_incident(at, facts=facts, severity_hint=hint)
    do("agent", incident, "claim", take_over=True)
    do("agent", incident, "hand-off", to_person="agent2", **packet(at))
    sweep(at + minutes * MINUTE - timedelta(seconds=1))
    assert Handoff.objects.get().outcome == "pending"
    travel.to(at + minutes * MINUTE)
    sweep(at + minutes * MINUTE)
    assert Handoff.objects.get().outcome == "returned"
    assert owner(incident) == "agent"
    told = Notice.objects.filter(incident=incident, key__endswith="handoff:1:expired")
    assert {notice.recipient.username for notice in told} == {"agent", "duty"}
    late = do("agent2", incident, "accept-hand-off", expect=409)
    assert late["unmet"][0]["code"] == "no_handoff"
    assert sweep(at + timedelta(hours=1)) >= 0
    assert told.count() == 2


def test_declined_or_withdrawn_it_stays_with_its_owner(do, owned, at):
    do("agent", owned, "hand-off", to_person="agent2", **packet(at))
    again = do("agent", owned, "hand-off", expect=409, to_person="senior", **packet(at))
    assert again["unmet"][0]["code"] == "handoff_pending"
    no_reason = do("agent2", owned, "decline-hand-off", expect=409)
    assert no_reason["unmet"][0]["code"] == "reason_missing"
    do("agent2", owned, "decline-hand-off", reason="I am on a train.")
    do("agent", owned, "hand-off", to_person="senior", **packet(at))
    assert do("agent2", owned, "withdraw-hand-off", expect=409)["unmet"][0]["code"] == "not_sender"
    do("agent", owned, "withdraw-hand-off")
    assert [h.outcome for h in Handoff.objects.order_by("number")] == ["declined", "withdrawn"]
    assert owner(owned) == "agent"


def test_a_take_over_or_an_end_takes_the_question_away(do, owned, at):
    do("agent", owned, "hand-off", to_person="agent2", **packet(at))
    do("senior", owned, "claim", take_over=True)
    assert Handoff.objects.get().outcome == "returned"
    minor = open_incident(at, "minor", severity_hint="warning")
    do("agent", minor, "claim", take_over=True)
    do("agent", minor, "hand-off", to_person="agent2", **packet(at))
    do("duty", minor, "cancel", reason="A false alarm.")
    assert Handoff.objects.get(incident=minor).outcome == "returned"
    assert not Handoff.objects.filter(expires_at__isnull=False).exists()


def test_a_team_takes_it_over_and_its_own_clock_runs(do, owned, travel, company, at):
    version = owned.policy_version
    ClockTarget.objects.create(version=version, severity=1, kind="ola", target_s=3600)
    policies.clear_caches()
    growth = Team.objects.get(code="growth")
    Membership.objects.get_or_create(team=growth, user=company["senior"], valid_from=at)
    do("agent", owned, "hand-off", to_team="growth", **packet(at))
    assert do("duty", owned, "accept-hand-off", expect=409)["unmet"][0]["code"] == "not_asked"
    travel.to(at + 9 * MINUTE)
    found = do("senior", owned, "accept-hand-off")
    assert (found["team"], found["commander"]) == ("growth", "senior")
    first = Clock.objects.get(incident=owned, kind="ola")
    assert (first.run_state, first.started_at) == ("running", at + 9 * MINUTE)
    row = Incident.objects.get(pk=owned.pk)
    assert row.next_due_at < first.due_at, "a team's clock is no promise to the customer"
    travel.to(at + 70 * MINUTE)
    sweep(at + 70 * MINUTE)
    lead_told = Notice.objects.filter(incident=owned, key__contains="clock:ola:1:breach")
    assert {n.recipient.username for n in lead_told} == {
        growth.lead.username if growth.lead else "senior",
        "senior",
    }
    do("senior", owned, "hand-off", to_team="frontline", to_person="agent", **packet(at))
    do("agent", owned, "accept-hand-off")
    first.refresh_from_db()
    second = Clock.objects.get(incident=owned, kind="ola", cycle=2)
    assert (first.run_state, first.outcome) == ("stopped", "missed")
    assert (second.run_state, second.started_at) == ("running", at + 70 * MINUTE)


def pass_on(do, incident, at, *people):
    """From the present owner to each in turn, accepted."""
    for person in people:
        do(owner(incident), incident, "hand-off", to_person=person, **packet(at))
        do(person, incident, "accept-hand-off")


def test_two_returns_ask_the_duty_manager_for_a_name_that_holds_two_hours(do, owned, travel, at):
    pass_on(do, owned, at, "agent2", "agent", "agent2")
    assert [h.is_return for h in Handoff.objects.order_by("number")] == [False, True, True]
    page = Notice.objects.get(incident=owned, recipient__username="duty", key__contains="ping-pong")
    assert page.kind == "page"
    stuck = do("agent2", owned, "hand-off", expect=409, to_person="senior", **packet(at))
    assert stuck["unmet"][0]["code"] == "owner_to_be_named"
    assert do("agent2", owned, "name-owner", expect=403, person="senior", reason="x")
    travel.to(at + 10 * MINUTE)
    named = do("duty", owned, "name-owner", person="senior", reason="She knows the acquirer.")
    assert named["commander"] == "senior"
    assert named["keep_owner_until"] == "2026-11-17T12:10:00Z"
    kept = do("senior", owned, "hand-off", expect=409, to_person="agent", **packet(at))
    assert kept["unmet"][0]["code"] == "owner_named"
    do("duty", owned, "hand-off", to_person="agent", **packet(at))
    do("duty", owned, "withdraw-hand-off")
    travel.to(at + timedelta(hours=2, minutes=10))
    pass_on(do, owned, at, "agent")
    assert Incident.objects.get(pk=owned.pk).ping_pong_at is None, "naming starts a new count"


def test_four_hand_offs_without_a_return_ask_for_a_name_too(do, owned, at):
    pass_on(do, owned, at, "agent2", "senior", "remediation")
    assert Incident.objects.get(pk=owned.pk).ping_pong_at is None
    pass_on(do, owned, at, "duty")
    assert Incident.objects.get(pk=owned.pk).ping_pong_at is not None


def test_the_page_shows_the_packet_and_the_one_who_is_asked_accepts_there(
    do, owned, client, company, at
):
    do("agent", owned, "hand-off", to_person="agent2", **packet(at))
    client.force_login(company["agent2"])
    page = client.get(f"/incidents/{owned.number}/").text
    assert "The second acquirer may throttle us." in page
    assert f'action="/incidents/{owned.number}/accept-hand-off/"' in page
    client.force_login(company["senior"])
    page = client.get(f"/incidents/{owned.number}/").text
    assert "accept-hand-off" not in page
    client.force_login(company["agent2"])
    client.post(f"/incidents/{owned.number}/accept-hand-off/")
    assert owner(owned) == "agent2"


def test_hand_offs_are_listed_and_hidden_with_their_incident(do, owned, company, at):
    do("agent", owned, "hand-off", to_person="agent2", **packet(at))
    client = APIClient()
    client.force_authenticate(company["auditor"])
    row = client.get(f"/api/v1/incidents/{owned.number}/handoffs/").json()["results"][0]
    assert (row["outcome"], row["to_user"], row["next_step_owner"]) == (
        "pending",
        "agent2",
        "agent2",
    )
    Team.objects.filter(pk=owned.team_id).update(is_private=True)
    client.force_authenticate(company["steward"])
    assert client.get(f"/api/v1/incidents/{owned.number}/handoffs/").status_code == 404


def test_before_accepting_one_sees_what_is_done_and_what_is_open(client, company, do, owned, at):
    do("agent", owned, "hand-off", to_person="agent2", **packet(at))
    client.force_login(company["agent2"])
    url = f"/incidents/{owned.number}/"

    def open_ones():
        page = client.get(url)
        assert "Accept it if" in page.text
        return {each.sentence for each in page.context["checks"].checks if not each.is_done}

    before = open_ones()
    assert {"The customer has heard from us", "It has a category"} <= before
    assert "No promise is late" not in before
    do("agent", owned, "update", text="We are on it.")
    do("agent", owned, "mitigate", plan="Fail over.")
    after = open_ones()
    assert "The customer has heard from us" not in after
    assert "What is being done is written down" not in after
    do("agent2", owned, "accept-hand-off")
    assert client.get(url).context["checks"] is None
