"""What people plan on an incident: milestones, a task force, and what helped before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Team
from escalations.models import (
    Incident,
    Milestone,
    Notice,
)
from escalations.rules.lifecycle import Verb
from escalations.selectors.bridges import bridge_of
from escalations.selectors.similar import similar, traits_of
from escalations.services.moves import perform
from escalations.tasks.schedule import sweep
from tests.factories.incidents import open_incident
from tests.factories.reviews import resolve
from tests.factories.room_stories import acting, api, codes, incident, told
from tests.factories.rooms import task_force_rule

__all__ = ["acting", "api", "incident"]  # the fixtures
pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


# --- milestones ---------------------------------------------------------------------------------
def plan(api, incident, at, expect=201, **more):
    body = {"title": "Roll back", "owner": "agent2", "due_at": (at + HOUR).isoformat(), **more}
    return api("agent", "post", f"incidents/{incident.number}/milestones/", expect, **body)


def test_an_overdue_milestone_reminds_three_times_and_then_stops(api, company, incident, at):
    plan(api, incident, at)
    assert Notice.objects.filter(recipient=company["agent2"], kind="news").exists()
    sweep(at + HOUR)
    assert told("milestone_late", incident) == [
        f"Overdue: Roll back. {company['agent2']} answers for it."
    ]
    for days in range(1, 6):
        sweep(at + HOUR + timedelta(days=days))
    assert len(told("milestone_late", incident)) == 3
    reminded = Notice.objects.filter(key__contains="milestone:", kind="warning")
    assert reminded.filter(recipient=company["agent2"]).count() == 3
    assert reminded.filter(recipient=company["agent"]).count() == 3, "the owner of the incident"


def test_a_milestone_that_is_done_in_time_reminds_nobody(api, incident, at):
    row = plan(api, incident, at)
    api("agent2", "post", f"milestones/{row['id']}/done/")
    sweep(at + 2 * HOUR)
    assert told("milestone_late", incident) == []
    assert codes(api("agent", "post", f"milestones/{row['id']}/done/", 409)) == {"ended"}


def test_a_moved_milestone_keeps_its_first_promise(api, incident, at):
    row = plan(api, incident, at)
    later = (at + 5 * HOUR).isoformat()
    url = f"milestones/{row['id']}/move/"
    assert codes(api("agent", "post", url, 400, due_at=later, reason=" ")) >= {"blank"}
    moved = api("agent", "post", url, due_at=later, reason="The build is slow.")
    assert moved["first_due_at"] == row["due_at"] != moved["due_at"]
    sweep(at + 2 * HOUR)
    assert told("milestone_late", incident) == []


def test_a_stage_has_one_owner(api, incident, at):
    row = plan(api, incident, at, stage="contain")
    answer = plan(api, incident, at, 409, stage="contain", owner="agent")
    assert codes(answer) == {"stage_taken"}
    api("agent", "post", f"milestones/{row['id']}/drop/", reason="Another way.")
    plan(api, incident, at, stage="contain", owner="agent")
    assert Milestone.objects.open().get().owner.username == "agent"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"owner": "nobody"}, "unknown_person"),
        ({"owner": "outsider"}, "may_not_see"),
        ({"due_at": "2026-11-17T09:59:00Z"}, "bad_due"),
        ({"due_at": "soon"}, "invalid"),
        ({"stage": "lunch"}, "invalid_choice"),
        ({"workstream": 999}, "unknown_workstream"),
    ],
)
def test_a_milestone_that_cannot_be_is_refused(api, incident, at, wrong, code):
    assert code in codes(plan(api, incident, at, 400, **wrong))


def test_work_is_planned_on_the_page(acting, incident, at):
    url = f"/incidents/{incident.number}/"
    agent = acting("agent")
    agent.post(f"{url}workstreams/", {"name": "Database", "owner": "agent2"})
    stream = incident.workstreams.get()
    sent = {
        "title": "Failover",
        "owner": "agent2",
        "due_at": "2026-11-17T12:00",
        "workstream": stream.pk,
        "stage": "",
    }
    agent.post(f"{url}milestones/", sent)
    row = Milestone.objects.get()
    assert (row.workstream, row.due_at.hour) == (stream, 12)
    html = agent.get(url).content.decode()
    assert "Failover" in html and "Database" in html
    agent.post(f"{url}milestones/{row.pk}/done/")
    agent.post(f"{url}workstreams/{stream.pk}/end/")
    again = agent.post(f"{url}milestones/{row.pk}/done/", follow=True)
    assert "done or dropped already" in again.content.decode()


def test_a_closed_incident_is_not_planned_on_and_reminds_nobody(api, company, incident, at):
    plan(api, incident, at)
    perform(incident.number, Verb.CANCEL, {"reason": "A test."}, by=company["duty"], at=at)
    Incident.objects.filter(pk=incident.pk).update(state="cancelled")
    assert codes(plan(api, incident, at, 409)) == {"not_open"}
    sweep(at + HOUR)
    assert told("milestone_late", incident) == []


# --- the task force -----------------------------------------------------------------------------
def test_a_rule_forms_a_task_force_with_its_team_bridge_and_meeting(acting, company, incident, at):
    team = Membership.objects.filter(user=company["agent2"], valid_to=None).first().team
    task_force_rule(
        team=team, tier="", bridge_url="tel:+4930123", meeting="every", meeting_every_h=2
    )
    url = f"/incidents/{incident.number}/"
    assert "Major trouble asks for one" in acting("agent").get(url).content.decode()
    assert bridge_of(incident) == ""
    acting("agent").post(f"{url}task-force/form/")
    members = set(incident.task_force.members.values_list("user__username", flat=True))
    assert {"agent", "agent2"} <= members
    assert bridge_of(incident) == "tel:+4930123"
    html = acting("agent").get(url).content.decode()
    assert 'href="tel:+4930123"' in html
    assert "every 2 hours" in html and "Next in 2 h" in html
    assert Notice.objects.filter(recipient=company["agent2"], key__contains="task-force").exists()


def test_a_rule_asks_only_where_all_of_it_holds(acting, incident):
    task_force_rule(product_area="somewhere else")
    task_force_rule(position=91, name="Lighter", severity_at_least=1, category="billing")
    html = acting("agent").get(f"/incidents/{incident.number}/").content.decode()
    assert "No rule asks for one" in html


def test_the_task_force_is_changed_and_ends(acting, company, incident):
    url = f"/incidents/{incident.number}/"
    agent = acting("agent")
    agent.post(f"{url}task-force/form/")
    sent = {
        "bridge_url": "https://meet.example/1",
        "channel_url": "",
        "meeting": "daily",
        "meeting_at": "09:30",
        "meeting_zone": "Europe/Berlin",
        "meeting_every_h": "",
        "add": "senior",
    }
    agent.post(f"{url}task-force/change/", sent)
    html = agent.get(url).content.decode()
    assert "daily at 09:30 Europe/Berlin" in html
    assert str(company["senior"]) in html
    for wrong in ({"bridge_url": "javascript:1"}, {"meeting_zone": "Mars"}, {"meeting_at": ""}):
        answer = agent.post(f"{url}task-force/change/", sent | wrong, follow=True)
        assert "note-error" in answer.content.decode(), wrong
    agent.post(f"{url}task-force/end/")
    assert bridge_of(incident) == ""


# --- similar ------------------------------------------------------------------------------------
def test_what_helped_before_stands_on_the_page_and_on_the_preview(acting, company, incident, at):
    before = open_incident(at - HOUR, "before", category="outage", title="Captures failed")
    resolve(before, by=company["agent"], at=at - HOUR)
    url = f"/incidents/{incident.number}/"
    html = acting("agent").get(url).content.decode()
    assert "Captures failed" in html
    assert "Same category, same customer" in html
    sent = {"preview": "1", "account": "northwind", "category": "outage", "title": "x"}
    assert "Captures failed" in acting("agent").post("/incidents/new/", sent).content.decode()
    quiet = Team.objects.create(code="quiet", name="Quiet", is_private=True)
    Incident.objects.filter(pk=before.pk).update(team=quiet, commander=None, accepted_at=None)
    before.responders.all().delete()
    assert "Captures failed" not in acting("agent").get(url).content.decode()


def test_a_look_for_what_is_similar_costs_the_same_however_much_there_was(company, incident, at):
    def look():
        with CaptureQueriesContext(connection) as told:
            found = similar(traits_of(incident), company["agent"], besides=incident.pk)
        return len(told), found

    def past(count, start):
        rows = [Incident.objects.get(pk=incident.pk) for _ in range(count)]
        for place, row in enumerate(rows):
            row.pk, row.state, row.closed_at = start + place, "resolved", None
            row.resolved_at, row.commander, row.accepted_at = at, None, None
        Incident.objects.bulk_create(rows)

    past(1, 5000)
    few, _ = look()
    past(60, 6000)
    many, found = look()
    assert many == few <= 5
    assert len(found) == 4
