"""What people bring to an incident: evidence and decisions."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalations.models import (
    Decision,
    Evidence,
    EvidenceContent,
    Incident,
    Notice,
)
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from escalations.services.snapshots import keep_openings
from escalations.tasks.schedule import sweep
from tests.factories.incidents import open_incident
from tests.factories.room_stories import acting, api, codes, incident, told

__all__ = ["acting", "api", "incident"]  # the fixtures
pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


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
