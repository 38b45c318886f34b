"""One incident goes into another and comes out again; incidents that belong together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from accounts.models import Team
from escalations.models import (
    Clock,
    Incident,
    IncidentLink,
    LadderRun,
    Merge,
    Notice,
    Responder,
    Signal,
)
from escalations.services.signals import SignalMessage, receive_signal
from escalations.tasks.schedule import sweep
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.reviews import resolve

MINUTE = timedelta(minutes=1)


@pytest.fixture
def do(company, travel):
    def call(who, incident, verb, expect=200, **body):
        client = APIClient()
        client.force_authenticate(company[who])
        answer = client.post(f"/api/v1/incidents/{incident.number}/{verb}/", body, format="json")
        assert answer.status_code == expect, answer.json()
        return answer.json()

    return call


def fresh(incident):
    return Incident.objects.get(pk=incident.pk)


def clock_of(incident, kind):
    return Clock.objects.filter(incident=incident, kind=kind).order_by("cycle").last()


@pytest.fixture
def two(company, travel, at):
    """`later` is reported half an hour after `first`; both S2 of one customer."""
    facts = {"core_down_no_workaround": True}
    first = open_incident(at, "first", facts=facts)
    later = open_incident(at + 30 * MINUTE, "later", facts=facts)
    assert first.severity == later.severity == 2
    travel.to(at + 40 * MINUTE)
    return first, later


def test_what_goes_into_another_counts_nowhere_and_wakes_nobody(do, two, at):
    first, later = two
    do("agent", later, "claim", take_over=True)
    merged = do("duty", first, "merge", into=later.number, reason="One outage.")
    assert (merged["state"], merged["merged_into"]) == ("merged", later.number)
    clocks = Clock.objects.filter(incident=first)
    assert {(c.run_state, c.outcome) for c in clocks} == {("cancelled", "void")}
    assert fresh(first).is_void
    assert not LadderRun.objects.filter(incident=first, state__in=("active", "halted")).exists()
    assert not Notice.objects.pending().filter(incident=first).exists()
    before = Notice.objects.filter(incident=first).count()
    sweep(at + timedelta(days=1))
    assert Notice.objects.filter(incident=first).count() == before
    told = Notice.objects.get(incident=later, key__contains="merged")
    assert told.recipient.username == "agent"


def test_of_one_customer_the_promise_counts_from_the_earlier_start(do, two, at):
    first, later = two
    due = clock_of(first, "resolution").due_at
    do("duty", first, "merge", into=later.number, reason="One outage.")
    resolution = clock_of(later, "resolution")
    assert resolution.due_at == due
    assert resolution.events.get(type="adopt_start").start_at == at


@pytest.mark.parametrize(
    ("account", "asked", "is_adopted"),
    [("halden", "", False), ("halden", "earliest", True), ("northwind", "own", False)],
)
def test_who_merges_may_say_from_when_promises_count(do, travel, at, account, asked, is_adopted):
    facts = {"core_down_no_workaround": True}
    first = open_incident(at, "first", facts=facts)
    later = open_incident(at + 30 * MINUTE, "later", account=account, facts=facts)
    travel.to(at + 40 * MINUTE)
    due = clock_of(later, "resolution").due_at
    body = {"count_from": asked} if asked else {}
    do("duty", first, "merge", into=later.number, reason="One outage.", **body)
    assert (clock_of(later, "resolution").due_at != due) == is_adopted
    assert Merge.objects.get().is_earliest == is_adopted


def test_what_is_heard_later_and_who_worked_on_it_go_along(do, two, travel, at):
    first, later = two
    do("agent", first, "claim", take_over=True)
    do("agent2", later, "claim", take_over=True)
    do("duty", first, "merge", into=later.number, reason="One outage.")
    there = Responder.objects.filter(incident=later, ended_at=None)
    assert ("backup", "agent") in {(r.role, r.user.username) for r in there}
    assert not Responder.objects.filter(incident=first, ended_at=None).exists()
    again = receive_signal(
        SignalMessage("pager", "first", True, "Again", at + 41 * MINUTE),
        by=None,
        at=at + 41 * MINUTE,
    )
    assert (again.outcome, again.incident.number) == ("joined", later.number)
    end = SignalMessage("pager", "later", False, "x", at + 42 * MINUTE)
    receive_signal(end, by=None, at=end.received_at)
    assert not Notice.objects.filter(incident=later, key__contains="signals-ended").exists()
    end = SignalMessage("pager", "first", False, "x", at + 43 * MINUTE)
    receive_signal(end, by=None, at=end.received_at)
    assert Notice.objects.filter(incident=later, key__contains="signals-ended").exists()
    back = SignalMessage("pager", "first", True, "And again", at + 44 * MINUTE)
    assert receive_signal(back, by=None, at=back.received_at).incident.number == later.number


def test_an_s1_is_merged_by_two(do, company, travel, at):
    from django.contrib.auth.models import Group

    first = open_incident(at, "first", facts=MAJOR)
    later = open_incident(at, "later", facts=MAJOR)
    asked = do("duty", first, "merge", into=later.number, reason="One outage.")
    assert asked["state"] == "new"
    do("duty", first, "merge", into=later.number, reason="I insist.")
    assert fresh(first).state == "new"
    company["senior"].groups.add(Group.objects.get(name="duty_manager"))
    assert do("senior", first, "merge", into=later.number, reason="Yes.")["state"] == "merged"


def test_nothing_is_merged_in_a_circle_into_itself_into_what_ended_or_is_milder(do, two, at):
    first, later = two

    def codes(incident, into):
        refused = do("duty", incident, "merge", expect=409, into=into, reason="x")
        return [each["code"] for each in refused["unmet"]]

    assert codes(first, first.number) == ["into_itself"]
    assert codes(first, 999_999) == ["into_unknown"]
    mild = open_incident(at, "mild", account="halden", severity_hint="info")
    assert codes(first, mild.number) == ["into_milder"]
    no_word = do("duty", first, "merge", expect=409)
    assert [e["code"] for e in no_word["unmet"]] == ["into_missing", "reason_missing"]
    do("duty", first, "merge", into=f"inc-{later.number}", reason="One outage.")
    assert codes(later, first.number) == ["into_not_open"]
    assert "wrong_state" in codes(first, later.number)
    lacks = do("agent", later, "merge", expect=409, into=first.number, reason="x")
    assert "missing_right" in [each["code"] for each in lacks["unmet"]]


def test_the_database_knows_what_merged_means(two):
    first, later = two
    for wrong in ({"state": "merged"}, {"merged_into": later}, {"merged_into": first}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Incident.objects.filter(pk=first.pk).update(**wrong)


def test_within_a_day_it_comes_out_again_and_its_clocks_go_on(do, two, travel, at):
    first, later = two
    do("agent", first, "claim", take_over=True)
    do("agent", first, "pause", reason="customer_wait", awaiting="Northwind: logs")
    kept = clock_of(first, "restore")
    travel.to(at + 50 * MINUTE)
    do("duty", first, "merge", into=later.number, reason="One outage.")
    travel.to(at + 90 * MINUTE)
    out = do("duty", first, "unmerge", reason="Two outages after all.")
    assert (out["state"], out["merged_into"], out["commander"]) == ("acknowledged", None, "agent")
    restore = clock_of(first, "restore")
    assert (restore.cycle, restore.run_state, restore.started_at) == (2, "paused", at)
    assert restore.elapsed_us == kept.elapsed_us
    assert restore.awaiting == "Northwind: logs"
    cadence = clock_of(first, "cadence")
    assert (cadence.cycle, cadence.run_state) == (2, "running")
    void = Clock.objects.get(incident=first, kind="restore", cycle=1)
    assert (void.run_state, void.outcome) == ("cancelled", "void"), "a void clock stays void"
    assert clock_of(first, "response").cycle == 1, "it was stopped already"
    assert {s.incident_id for s in Signal.objects.filter(dedup_key="first")} == {first.number}
    assert not fresh(first).is_void
    commanders = Responder.objects.filter(incident=first, role="commander", ended_at=None)
    assert [row.user.username for row in commanders] == ["agent"]
    travel.to(at + 95 * MINUTE)
    do("agent", first, "resume")
    assert clock_of(first, "restore").run_state == "running"


def test_what_nobody_had_answered_climbs_again_when_it_comes_out(do, two, travel, at):
    first, later = two
    do("duty", first, "merge", into=later.number, reason="One outage.")
    breached = Clock.objects.get(incident=first, kind="response").breached_at
    do("duty", first, "unmerge", reason="Two outages after all.")
    response = clock_of(first, "response")
    assert response.cycle == 2
    assert breached is None and response.breached_at == at + 30 * MINUTE
    assert LadderRun.objects.filter(incident=first, state="active").count() == 1
    travel.to(at + timedelta(days=3))
    do("duty", first, "merge", into=later.number, reason="One outage.")
    travel.to(at + timedelta(days=4, seconds=1))
    refused = do("duty", first, "unmerge", expect=409, reason="Too late.")
    assert refused["unmet"][0]["code"] == "merged_too_long"


def test_links_show_on_both_and_are_taken_back_on_both(do, two, client, company, at):
    first, later = two
    do("agent", first, "link", to=later.number, kind="caused_by")
    twice = do("agent", first, "link", expect=409, to=later.number, kind="caused_by")
    assert twice["code"] == "linked_already"
    do("agent", first, "link", to=later.number, kind="related")
    back = do("agent", later, "link", expect=409, to=first.number, kind="related")
    assert back["code"] == "linked_already"
    itself = do("agent", first, "link", expect=400, to=first.number, kind="related")
    assert itself["errors"][0]["code"] == "unknown_incident"
    client.force_login(company["agent"])
    assert "Caused by" in client.get(f"/incidents/{first.number}/").text
    page = client.get(f"/incidents/{later.number}/").text
    assert "Caused" in page and f"INC-{first.number} " in page
    do("agent", later, "unlink", to=first.number)
    assert not IncidentLink.objects.filter(ended_at=None).exists()
    gone = do("agent", later, "unlink", expect=409, to=first.number)
    assert gone["code"] == "not_linked"
    do("agent", first, "link", to=later.number, kind="caused_by")


def test_nobody_learns_of_a_private_incident_by_a_link(do, two, client, company):
    first, later = two
    do("agent", first, "link", to=later.number, kind="related")
    do("duty", first, "merge", into=later.number, reason="One outage.")
    secret = Team.objects.create(code="secret", name="Secret", is_private=True)
    Incident.objects.filter(pk=later.pk).update(team=secret, title="Hush hush")
    client.force_login(company["steward"])
    page = client.get(f"/incidents/{first.number}/").text
    assert "Hush hush" not in page
    api = APIClient()
    api.force_authenticate(company["steward"])
    assert api.get(f"/api/v1/incidents/{first.number}/links/").json()["links"] == []
    lost = do("steward", first, "link", expect=400, to=later.number, kind="related")
    assert lost["errors"][0]["code"] == "unknown_incident"


def test_the_same_trouble_much_later_is_a_new_incident_linked_to_the_old(company, travel, at):
    first = open_incident(at, "first")
    end = SignalMessage("pager", "first", False, "x", at + MINUTE)
    receive_signal(end, by=None, at=end.received_at)
    again = open_incident(at + timedelta(days=20), "first")
    assert again.number != first.number
    link = IncidentLink.objects.get()
    assert (link.incident_id, link.other_id, link.kind) == (again.number, first.number, "related")
    assert link.linked_by is None


def test_closed_for_over_two_weeks_it_is_opened_anew_and_linked(do, company, travel, at):
    incident = open_incident(at, "first", account="halden")
    resolve(incident, by=company["agent"], at=at)
    travel.to(at + timedelta(hours=1))
    do("agent", incident, "close")
    travel.to(at + timedelta(days=14, hours=2))
    refused = do("agent", incident, "reopen", expect=409, reason="It is back.")
    assert refused["unmet"][0]["code"] == "closed_too_long"
    client = APIClient()
    client.force_authenticate(company["agent"])
    body = {"title": "It is back", "follows": incident.number}
    opened = client.post("/api/v1/incidents/", body, format="json")
    assert opened.status_code == 201, opened.json()
    link = IncidentLink.objects.get()
    assert (link.incident_id, link.other_id) == (opened.json()["number"], incident.number)
    assert link.linked_by == company["agent"]
    lost = client.post("/api/v1/incidents/", body | {"follows": 999_999}, format="json")
    assert (lost.status_code, lost.json()["errors"][0]["code"]) == (400, "unknown_incident")


def test_the_page_of_what_closed_long_ago_opens_it_anew(do, client, company, travel, at):
    incident = open_incident(at, "first", account="halden", title="Tags are missing")
    resolve(incident, by=company["agent"], at=at)
    travel.to(at + timedelta(hours=1))
    do("agent", incident, "close")
    client.force_login(company["agent"])
    path, link = f"/incidents/{incident.number}/", f"/incidents/new/?follows={incident.number}"
    travel.to(at + timedelta(days=14))
    assert link not in client.get(path).text, "it may still be reopened"
    travel.to(at + timedelta(days=14, hours=2))
    assert link in client.get(path).text
    form = client.get(link).text
    assert "Tags are missing" in form and f'follows <a href="{path}">' in form
    body = {"title": "Tags are missing again", "account": "halden", "follows": incident.number}
    opened = client.post("/incidents/new/", body)
    link = IncidentLink.objects.get()
    assert opened.url == f"/incidents/{link.incident_id}/"
    assert (link.other_id, link.linked_by) == (incident.number, company["agent"])
    lost = client.post("/incidents/new/", body | {"follows": 999_999})
    assert "There is no other incident 999999" in lost.text
    assert "It follows" not in client.get("/incidents/new/?follows=x").text
