"""The review of an incident, from resolving to the last verified action, through HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from accounts.models import Account
from escalations.models import ActionItem, Incident, Notice, PostIncidentReview, TimelineEvent
from escalations.tasks.schedule import sweep
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.reviews import resolve

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def api(company):
    def as_(username: str) -> APIClient:
        client = APIClient()
        client.force_authenticate(company[username])
        return client

    return as_


def call(api, who, method, path, expect=200, **body):
    answer = getattr(api(who), method)(f"/api/v1/{path}", body or None)
    assert answer.status_code == expect, answer.content
    return answer.json()


def review(api, who, number, verb="", expect=200, method="post", **body):
    path = f"reviews/{number}/{verb}/" if verb else f"reviews/{number}/"
    return call(api, who, method if verb else "get", path, expect, **body)


def codes(refused) -> list[str]:
    return [each["code"] for each in refused["unmet"]]


@pytest.fixture
def s1(company, travel, at):
    """An S1 owned by agent, resolved an hour after it began."""
    incident = open_incident(at, severity_hint="critical", facts=MAJOR, category="outage")
    travel.to(at + HOUR)
    resolve(incident, by=company["agent"], at=at + HOUR)
    return incident.number


ACTION = {
    "title": "Alarm on capture rate",
    "kind": "detect",
    "owner": "agent2",
    "verifier": "senior",
    "verification_method": "Drop the rate in staging and see the page.",
    "is_priority": True,
}


def write_up(api, number, travel, at):
    """Everything that handing in asks for, written by the facilitator."""
    lead = review(api, "agent", number)["facilitator"]
    call(
        api,
        lead,
        "patch",
        f"reviews/{number}/",
        summary="Captures failed for an hour after a change of routing.",
        lessons="Change routing behind a flag.",
        root_causes="Two changes met.",
    )
    call(
        api,
        lead,
        "post",
        f"reviews/{number}/factors/",
        201,
        category="change",
        text="The routing table was changed without a flag.",
        evidence="Change 4711",
    )
    review(api, lead, number, "schedule-meeting", meeting_at=(at + DAY).isoformat())
    review(api, lead, number, "hold")
    return lead


def test_an_s1_is_reviewed_signed_off_closed_and_its_action_verified(api, s1, travel, at, company):
    number = s1
    opened = review(api, "agent", number)
    assert opened["state"] == "draft"
    assert opened["required_because"]["s1"] == "Every S1 is reviewed."
    assert opened["facilitator"] not in (None, "agent")
    assert opened["impact_start"] == "2026-11-17T10:00:00Z"
    assert opened["impact_end"] == "2026-11-17T11:00:00Z"
    assert "All is well again." in opened["communications"]
    told = Notice.objects.get(incident=number, subject__contains="lead the review")
    assert told.recipient.username == opened["facilitator"]
    assert f"/reviews/{number}/" in told.text

    refused = call(api, "agent", "post", f"incidents/{number}/close/", 409)
    assert codes(refused) == ["review_missing"]
    waiver = call(
        api, "duty", "post", f"incidents/{number}/close/", 409, review_waiver="Known already."
    )
    assert codes(waiver) == ["review_missing"], "one person does not waive the review of an S1"

    lead = opened["facilitator"]
    early = review(api, lead, number, "submit", 409)
    assert codes(early) == [
        "summary_missing",
        "factor_missing",
        "lessons_missing",
        "meeting_missing",
    ]
    write_up(api, number, travel, at + HOUR)
    action = call(api, lead, "post", f"reviews/{number}/actions/", 201, **ACTION)
    assert action["due_on"] == "2026-12-15", "priority actions of an S1: four weeks"
    review(api, "agent", number, "submit")
    assert codes(review(api, "agent", number, "sign-off", 409)) == ["missing_right", "own_review"]
    review(api, "duty", number, "request-changes", 409)
    changed = review(api, "duty", number, "request-changes", reason="Say more about detection.")
    assert changed["state"] == "changes_requested"
    review(api, "duty", number, "submit")
    assert codes(review(api, "duty", number, "sign-off", 409)) == ["own_review"]
    if lead != "duty":
        assert review(api, lead, number, "sign-off", 409)["code"] == "illegal_move"
    signed = review(api, "governor", number, "sign-off", comment="Thorough.")
    assert signed["state"] == "actions_open"
    sealed = call(api, lead, "patch", f"reviews/{number}/", 409, summary="Other words.")
    assert codes(sealed) == ["wrong_state"]
    amended = review(api, lead, number, "amend", text="The flag is in place.")
    assert [each["text"] for each in amended["amendments"]] == ["The flag is in place."]
    assert amended["summary"].startswith("Captures failed")
    assert call(api, "agent", "post", f"incidents/{number}/close/")["state"] == "closed"

    items = f"action-items/{action['id']}/"
    assert call(api, "agent", "post", items + "start/", 409)["unmet"][0]["code"] == "not_owner"
    call(api, "agent2", "post", items + "start/")
    bare = call(api, "agent2", "post", items + "finish/", 409)
    assert codes(bare) == ["evidence_missing"]
    call(api, "agent2", "post", items + "finish/", evidence="Alarm 12 fired in staging.")
    assert codes(call(api, "agent2", "post", items + "verify/", 409)) == ["not_verifier"]
    assert codes(call(api, "duty", "post", items + "verify/", 409)) == ["not_verifier"]
    back = call(api, "senior", "post", items + "reject/", reason="Not in production yet.")
    assert back["state"] == "rejected"
    call(api, "agent2", "post", items + "finish/", evidence="Alarm 12 is in production.")
    assert call(api, "senior", "post", items + "verify/")["state"] == "verified"
    assert review(api, "agent", number)["state"] == "completed"
    kinds = set(TimelineEvent.objects.filter(incident=number).values_list("kind", flat=True))
    assert kinds >= {
        "review_opened",
        "review_written",
        "review_factor",
        "review_meeting",
        "review_held",
        "review_submitted",
        "review_changes",
        "review_signed_off",
        "review_amended",
        "review_completed",
        "action_added",
        "action_done",
        "action_rejected",
        "action_verified",
    }


def test_the_review_of_an_s1_is_waived_by_two(api, s1):
    asked = review(api, "duty", s1, "waive", reason="A rehearsal.")
    assert asked["state"] == "draft"
    assert codes(review(api, "duty", s1, "waive", 409, reason="A rehearsal.")) == ["second_person"]
    assert call(api, "duty", "post", f"incidents/{s1}/close/", 409)["code"] == "illegal_move"
    assert review(api, "agent", s1, "waive", 403, reason="x")["code"] == "missing_right"
    waived = review(api, "governor", s1, "waive", reason="I agree.")
    assert (waived["state"], waived["waiver_reason"]) == ("waived", "I agree.")
    assert call(api, "duty", "post", f"incidents/{s1}/close/")["state"] == "closed"


def test_the_owner_of_the_incident_does_not_lead_its_review(api, s1):
    refused = call(api, "agent2", "patch", f"reviews/{s1}/", 400, facilitator="agent")
    assert refused["code"] == "facilitator_is_commander"


def test_a_stale_version_of_a_review_is_refused(api, s1):
    seen = review(api, "agent", s1)["version"]
    call(api, "agent", "patch", f"reviews/{s1}/", summary="One", expected_version=seen)
    stale = call(
        api, "agent2", "patch", f"reviews/{s1}/", 409, summary="Two", expected_version=seen
    )
    assert stale["code"] == "stale_version"
    assert review(api, "agent", s1)["summary"] == "One"


def test_a_signed_review_lets_the_incident_close_after_its_quiet_hours(api, s1, travel, at):
    write_up(api, s1, travel, at + HOUR)
    review(api, "agent", s1, "submit")
    review(api, "governor", s1, "sign-off")
    sweep(at + HOUR + 3 * DAY - timedelta(seconds=1))
    assert Incident.objects.get(pk=s1).state == "resolved"
    sweep(at + HOUR + 3 * DAY)
    assert Incident.objects.get(pk=s1).state == "closed"


def test_an_incident_that_comes_back_goes_on_with_its_review(api, s1, company, travel, at):
    write_up(api, s1, travel, at + HOUR)
    review(api, "agent", s1, "submit")
    review(api, "governor", s1, "sign-off")
    travel.to(at + 5 * HOUR)
    call(api, "agent2", "post", f"incidents/{s1}/reopen/", reason="Captures fail again.")
    incident = Incident.objects.get(pk=s1)
    resolve(incident, by=company["agent"], at=at + 6 * HOUR)
    travel.to(at + 7 * HOUR)
    assert PostIncidentReview.objects.filter(incident=s1).count() == 1
    refused = call(api, "duty", "post", f"incidents/{s1}/close/", 409)
    assert codes(refused) == ["amendment_missing"]
    review(api, "agent2", s1, "amend", text="The second acquirer was down too.")
    assert call(api, "duty", "post", f"incidents/{s1}/close/")["state"] == "closed"


def test_a_cancelled_incident_needs_no_review(api, s1, company, travel, at):
    travel.to(at + 2 * HOUR)
    call(api, "agent2", "post", f"incidents/{s1}/reopen/", reason="Again.")
    call(api, "duty", "post", f"incidents/{s1}/set-severity/", severity="S2", reason="Smaller.")
    call(api, "senior", "post", f"incidents/{s1}/set-severity/", severity="S2", reason="Yes.")
    call(api, "duty", "post", f"incidents/{s1}/cancel/", reason="It was a drill of theirs.")
    found = review(api, "agent", s1)
    assert found["state"] == "waived"
    assert "drill of theirs" in found["waiver_reason"]


def resolved_s3(company, at, key="small", **more):
    more = {"severity_hint": "info", "anchors": {"business": 0}, **more}
    incident = open_incident(at, key, **more)
    assert incident.severity >= 3
    resolve(incident, by=company["agent"], at=at + HOUR)
    return incident


def test_a_small_incident_needs_no_review_until_somebody_asks(api, company, travel, at):
    number = resolved_s3(company, at).number
    travel.to(at + 2 * HOUR)
    review(api, "agent", number, expect=404)
    refused = call(api, "integrator", "post", "reviews/", 403, incident=number, reason="x")
    assert refused["code"] == "missing_right"
    asked = call(
        api, "agent", "post", "reviews/", 201, incident=number, reason="It nearly took EU down."
    )
    assert list(asked["required_because"]) == ["near_miss"]
    again = call(api, "agent", "post", "reviews/", 409, incident=number, reason="Again")
    assert again["code"] == "review_exists"


def test_a_missed_promise_to_a_strategic_account_is_reviewed_whatever_its_severity(company, at):
    Account.objects.filter(external_id="acme").update(is_strategic=True)
    kept = resolved_s3(company, at, "kept", account="acme")
    missed = open_incident(at, "missed", account="acme", severity_hint="warning")
    sweep(at + 20 * DAY)
    resolve(Incident.objects.get(pk=missed.number), by=company["agent"], at=at + 20 * DAY)
    assert not PostIncidentReview.objects.filter(incident=kept).exists()
    found = PostIncidentReview.objects.get(incident=missed)
    assert "strategic_breach" in found.required_because


def test_two_persons_agree_to_leave_an_action_undone(api, s1):
    made = call(api, "agent", "post", f"reviews/{s1}/actions/", 201, **ACTION)
    path = f"action-items/{made['id']}/wont-do/"
    asked = call(api, "agent2", "post", path, reason="The system is replaced in spring.")
    assert (asked["state"], asked["wont_do_asked_by"]) == ("open", "agent2")
    assert codes(call(api, "agent2", "post", path, 409, reason="x")) == ["second_person"]
    assert call(api, "agent", "post", path, 403, reason="x")["code"] == "missing_right"
    left = call(api, "duty", "post", path, reason="Agreed.")
    assert left["state"] == "wont_do"


def test_nobody_verifies_their_own_action(api, s1):
    own = {**ACTION, "verifier": "agent2"}
    refused = call(api, "agent", "post", f"reviews/{s1}/actions/", 400, **own)
    assert refused["code"] == "own_action"
    assert not ActionItem.objects.exists()
