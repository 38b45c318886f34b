"""What people bring to an incident: evidence, decisions, milestones, a task force, what helped."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Membership, Team
from escalations.models import (
    Decision,
    Evidence,
    EvidenceContent,
    Incident,
    Milestone,
    Notice,
    TimelineEvent,
)
from escalations.rules.evidence import call_link, file_kind, safe_name, web_link
from escalations.rules.lifecycle import Verb
from escalations.rules.likeness import FEWEST_POINTS, Traits, likeness
from escalations.rules.meetings import next_meeting
from escalations.selectors.bridges import bridge_of
from escalations.selectors.similar import similar, traits_of
from escalations.services.moves import perform
from escalations.services.snapshots import keep_openings
from escalations.tasks.schedule import sweep
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.reviews import resolve
from tests.factories.rooms import task_force_rule

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@pytest.fixture
def acting(company, travel):
    """`acting("agent").post(...)` as that person."""

    def of(name):
        client = Client()
        client.force_login(company[name])
        return client

    return of


@pytest.fixture
def api(company, travel):
    def call(who, method, path, expect=200, **body):
        client = APIClient()
        client.force_authenticate(company[who])
        answer = getattr(client, method)(f"/api/v1/{path}", body, format="json")
        assert answer.status_code == expect, answer.json()
        return answer.json()

    return call


@pytest.fixture
def incident(company, at):
    incident = open_incident(at, severity_hint="critical", facts=MAJOR, category="outage")
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=company["agent"], at=at)
    return incident


def codes(answer):
    return {answer["code"]} | {each["code"] for each in answer.get("errors", [])}


def told(kind, incident):
    return list(
        TimelineEvent.objects.filter(incident=incident, kind=kind).values_list(
            "sentence", flat=True
        )
    )


def upload(client, incident, name, content, **more):
    file = SimpleUploadedFile(name, content, content_type="text/html")
    sent = {"file": file, **more}
    return client.post(f"/evidence/incidents/{incident.number}/", sent, follow=True)


# --- evidence -----------------------------------------------------------------------------------
def test_a_file_is_kept_in_the_database_and_comes_back_as_a_download(acting, incident):
    upload(acting("agent"), incident, "screen.png", PNG, title="The red page")
    row = Evidence.objects.get()
    html = acting("agent2").get(f"/incidents/{incident.number}/").content.decode()
    assert "The red page" in html
    answer = acting("agent2").get(f"/evidence/{row.pk}/")
    assert answer.content == PNG
    assert answer["Content-Type"] == "image/png", "what it is, not what the sender called it"
    assert answer["Content-Disposition"] == 'attachment; filename="screen.png"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert told("evidence", incident) == ["Added the file screen.png."]
    assert acting("outsider").get(f"/evidence/{row.pk}/").status_code == 403


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.png", PNG, "image/png"),
        ("a.PNG", PNG, "image/png"),
        ("a.png", b"<html>", None),
        ("a.html", b"<html>", None),
        ("a.svg", b"<svg/>", None),
        ("a.txt", b"plain \xc3\xa9", "text/plain; charset=utf-8"),
        ("a.txt", b"nul\0", None),
        ("a.txt", b"\xff\xfe", None),
        ("a.json", b"{}", "text/plain; charset=utf-8"),
        ("a.pdf", b"%PDF-1.7", "application/pdf"),
        ("a.webp", b"RIFF0000WEBP", "image/webp"),
        ("a.webp", b"RIFF0000WAVE", None),
        ("a.exe", b"MZ", None),
        ("png", PNG, "image/png"),
        ("a.zip", b"PK", None),
        ("", b"x", None),
    ],
)
def test_which_files_are_kept(name, content, kind):
    assert file_kind(name, content) == kind


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\logs\\a.log", "a.log"),
        ('a"; filename="b.html.txt', "a_ filename_b.html.txt"),
        ("a\r\nX: y.txt", "a_X_ y.txt"),
        ("x" * 300 + ".txt", "x" * 116 + ".txt"),
    ],
)
def test_a_file_name_holds_no_path_and_no_header(name, safe):
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://a.example/x?y=1", "https://a.example/x?y=1"),
        (" HTTP://a.example ", "http://a.example"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("//a.example", None),
        ("https://", None),
        ("https://good.example@bad.example/", None),
        ('https://a.example/"><script>', None),
        ("https://[bad", None),
        ("file:///etc/passwd", None),
    ],
)
def test_which_addresses_may_be_linked(text, link):
    assert web_link(text) == link


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("+49 30 123-456", "tel:+4930123456"),
        ("tel:+4930123456,,987#", "tel:+4930123456,,987#"),
        ("https://meet.example/1", "https://meet.example/1"),
        ("sip:a@b", None),
        ("call me", None),
    ],
)
def test_which_bridges_may_be_called(text, link):
    assert call_link(text) == link


def test_bad_evidence_is_refused_with_a_code(api, incident):
    def send(expect, **more):
        return api("agent", "post", "evidence/", expect, incident=incident.number, **more)

    def file(name, content):
        return {"file_name": name, "content": base64.b64encode(content).decode()}

    assert codes(send(400, **file("a.html", b"<p>"))) >= {"file_kind"}
    assert codes(send(400, **file("a.txt", b""))) >= {"empty_file"}
    assert codes(send(400, **file("a.txt", b"x" * (5 * 2**20 + 1)))) >= {"file_too_large"}
    assert codes(send(400, title="t", url="javascript:1")) >= {"bad_link"}
    assert codes(send(400, url="https://a.example")) >= {"no_title"}
    assert codes(send(400, title="t")) == {"file_or_link"}
    assert codes(send(400, file_name="a.txt", content="%%%")) >= {"base64"}
    send(201, **file("a.txt", b"one"))
    assert codes(send(409, **file("b.txt", b"one"))) == {"same_file"}
    assert EvidenceContent.objects.count() == 1


def test_fifty_files_are_enough(api, company, incident, at):
    Evidence.objects.bulk_create(
        Evidence(
            incident=incident,
            kind="file",
            title="t",
            file_name="a.txt",
            content_type="text/plain",
            size=1,
            sha256=f"{n:064}",
            taken_at=at,
            taken_by=company["agent"],
        )
        for n in range(50)
    )
    content = base64.b64encode(b"more").decode()
    body = {"incident": incident.number, "file_name": "a.txt", "content": content}
    assert codes(api("agent", "post", "evidence/", 409, **body)) == {"too_many_files"}


def test_what_was_withdrawn_is_served_to_nobody_and_stays_told(acting, api, incident):
    upload(acting("agent"), incident, "names.csv", b"Mia,7\n")
    row = Evidence.objects.get()
    wrong = acting("agent2").post(f"/evidence/{row.pk}/withdraw/", {"reason": "No."})
    assert wrong.status_code == 403
    acting("agent").post(f"/evidence/{row.pk}/withdraw/", {"reason": "Names of people."})
    assert acting("agent").get(f"/evidence/{row.pk}/").status_code == 404
    html = acting("agent2").get(f"/incidents/{incident.number}/").content.decode()
    assert "Names of people." in html
    assert f"/evidence/{row.pk}/" not in html
    listed = api("agent2", "get", f"evidence/?incident={incident.number}")["results"]
    assert listed[0]["download"] == "" and listed[0]["withdrawn_reason"] == "Names of people."
    assert told("evidence_withdrawn", incident) == ["Withdrew the file names.csv."]
    upload(acting("agent"), incident, "names.csv", b"Mia,7\n")
    assert Evidence.objects.standing().count() == 1, "the same file may come again"


def test_the_opening_is_kept_by_a_job_once(company, incident, at):
    later = at + timedelta(minutes=1)
    with CaptureQueriesContext(connection) as one:
        assert keep_openings(later) == 1
    assert keep_openings(later) == 0
    row = Evidence.objects.get(incident=incident)
    assert row.snapshot["signals"][0]["title"] == incident.title
    assert "facts" not in str(row.snapshot)
    for n in range(5):
        open_incident(at, f"more-{n}")
    with CaptureQueriesContext(connection) as many:
        assert keep_openings(later) == 5
    assert len(many) == len(one)
    assert keep_openings(later + timedelta(days=2)) == 0, "old openings are left alone"


# --- decisions ----------------------------------------------------------------------------------
def ask(api, incident, at, expect=201, who="agent", **more):
    body = {
        "kind": "compromise",
        "title": "Refund by hand",
        "rationale": "The queue is stuck.",
        "options": ["Wait for the fix", "Refund by hand"],
        "expires_at": (at + 2 * HOUR).isoformat(),
    }
    body = {name: value for name, value in {**body, **more}.items() if value is not None}
    return api(who, "post", f"incidents/{incident.number}/decisions/", expect, **body)


def test_a_compromise_is_approved_by_another_and_ends_by_itself(api, company, travel, incident, at):
    row = ask(api, incident, at)
    assert row["state"] == "waiting"
    assert Notice.objects.filter(recipient=company["duty"], key__contains="decision:1").exists()
    url = f"decisions/{row['id']}/"
    assert codes(api("agent2", "post", url + "approve/", 403)) == {"missing_right"}
    assert api("duty", "post", url + "approve/", answer="Until six.")["state"] == "in_force"
    assert codes(api("sponsor", "post", url + "decline/", 409, answer="No.")) == {"not_waiting"}
    sweep(at + 2 * HOUR - timedelta(seconds=1))
    assert Decision.objects.get().state == "in_force"
    sweep(at + 3 * HOUR)
    found = Decision.objects.get()
    assert (found.state, found.expired_at) == ("expired", at + 2 * HOUR)
    assert told("decision_expired", incident) == ["A compromise has ended: Refund by hand."]
    assert Notice.objects.filter(recipient=company["agent"], key__contains="expired").count() == 1
    sweep(at + 4 * HOUR)
    assert len(told("decision_expired", incident)) == 1, "a sweep may come twice"


def test_nobody_approves_what_they_asked_for(api, incident, at):
    row = ask(api, incident, at, who="duty")
    answer = api("duty", "post", f"decisions/{row['id']}/approve/", 403)
    assert codes(answer) == {"own_request"}


def test_one_that_nobody_answered_lapses_and_cannot_be_approved_late(api, travel, incident, at):
    row = ask(api, incident, at)
    travel.to(at + 2 * HOUR)
    late = api("duty", "post", f"decisions/{row['id']}/approve/", 409)
    assert codes(late) == {"not_waiting"}, "also before the sweep came by"
    sweep(at + 2 * HOUR)
    assert told("decision_expired", incident) == [
        "A compromise was never answered and has lapsed: Refund by hand."
    ]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"options": ["Only one"]}, "no_options"),
        ({"options": None}, "no_options"),
        ({"expires_at": None}, "no_expiry"),
        ({"expires_at": "2026-11-17T09:00:00Z"}, "bad_expiry"),
        ({"expires_at": "2027-11-17T09:00:00Z"}, "bad_expiry"),
        ({"kind": "plain"}, "bad_expiry"),
        ({"kind": "guess"}, "invalid_choice"),
        ({"title": ""}, "blank"),
        ({"options": "text"}, "not_a_list"),
    ],
)
def test_a_decision_that_lacks_something_is_refused(api, incident, at, wrong, code):
    assert code in codes(ask(api, incident, at, 400, **wrong))


def test_a_plain_decision_stands_at_once_and_is_taken_back_with_a_reason(api, incident, at):
    row = ask(api, incident, at, kind="plain", expires_at=None, options=None)
    assert row["state"] == "decided"
    url = f"decisions/{row['id']}/withdraw/"
    assert codes(api("agent2", "post", url, 403, answer="No.")) == {"missing_right"}
    assert codes(api("agent", "post", url, 400)) >= {"no_reason"}
    assert api("agent", "post", url, answer="It got worse.")["state"] == "withdrawn"
    assert codes(api("agent", "post", url, 409, answer="Again.")) == {"ended"}
    perform(incident.number, Verb.NOTE, {"text": "x"}, by=Incident.objects.get().commander, at=at)


def test_a_decision_is_recorded_and_approved_on_the_page(acting, incident, at):
    url = f"/incidents/{incident.number}/"
    sent = {
        "kind": "accelerated_fix",
        "title": "Deploy tonight",
        "rationale": "Each hour costs orders.",
        "options": "Deploy tonight\nWait for Monday",
        "expires_at": "2026-11-18T06:00",
    }
    acting("agent").post(f"{url}decisions/", sent)
    row = Decision.objects.get()
    assert row.options == ["Deploy tonight", "Wait for Monday"]
    assert row.expires_at == datetime(2026, 11, 18, 6, tzinfo=UTC)
    own = acting("agent").get(url).content.decode()
    assert "Waits for a yes" in own and f"decisions/{row.pk}/approve/" not in own
    assert f"decisions/{row.pk}/approve/" in acting("duty").get(url).content.decode()
    acting("duty").post(f"{url}decisions/{row.pk}/approve/", {"answer": ""})
    assert "Approved by" in acting("agent").get(url).content.decode()
    other = open_incident(at, "other")
    wrong = f"/incidents/{other.number}/decisions/{row.pk}/decline/"
    assert acting("duty").post(wrong, {"answer": "No."}).status_code == 404


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


BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("meeting", "every", "daily", "zone", "at", "expected"),
    [
        ("every", 2, None, UTC_ZONE, "2026-11-17T10:00", "2026-11-17T12:00"),
        ("every", 2, None, UTC_ZONE, "2026-11-17T12:00", "2026-11-17T14:00"),
        ("every", 2, None, UTC_ZONE, "2026-11-17T09:00", "2026-11-17T12:00"),
        ("daily", None, time(9, 30), BERLIN, "2026-11-17T08:29", "2026-11-17T08:30"),
        ("daily", None, time(9, 30), BERLIN, "2026-11-17T08:30", "2026-11-18T08:30"),
        ("daily", None, time(9, 30), BERLIN, "2026-07-01T08:00", "2026-07-02T07:30"),
        ("daily", None, time(2, 30), BERLIN, "2026-03-28T12:00", "2026-03-29T01:30"),
        ("daily", None, time(2, 30), BERLIN, "2026-10-24T12:00", "2026-10-25T00:30"),
        ("", None, None, UTC_ZONE, "2026-11-17T10:00", None),
    ],
)
def test_when_the_next_meeting_is(meeting, every, daily, zone, at, expected):
    found = next_meeting(
        meeting,
        every_h=every,
        daily_at=daily,
        zone=zone,
        start=moment("2026-11-17T10:00"),
        at=moment(at),
    )
    assert found == (moment(expected) if expected else None)


# --- similar ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("other", "points", "why"),
    [
        (Traits(kpi=1), 50, "Same KPI"),
        (Traits(kpi=1, segment="eu"), 60, "Same KPI, same segment"),
        (Traits(segment="eu"), 0, ""),
        (Traits(category="outage"), 20, "Same category"),
        (Traits(category="outage", product_area="SHOP"), 40, "Same category, same product"),
        (Traits(account=7, category="outage"), 40, "Same category, same customer"),
        (Traits(), 0, ""),
    ],
)
def test_how_alike_two_incidents_are(other, points, why):
    mine = Traits(kpi=1, segment="eu", account=7, product_area="shop", category="outage")
    found = likeness(mine, other)
    assert (found.points, found.why) == (points, why)
    assert (found.points >= FEWEST_POINTS) == (points >= 40)


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
