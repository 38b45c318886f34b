"""Requests over the API: the same answers, with codes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from escalations.models import Policy
from escalations.selectors.policies import policy_doc
from escalations.tasks.schedule import sweep
from tests.factories.changes import answered_in, draft_of, warning_keys

URL = "/api/v1/change-requests/"


@pytest.fixture
def send(company, travel):
    """Post as somebody; the status and the answer."""

    def post(name: str, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        client = Client()
        client.force_login(User.objects.get(username=name))
        answer = client.post(path, body, content_type="application/json")
        return answer.status_code, answer.json()

    return post


@pytest.fixture
def draft(company, at):
    return draft_of(Policy.objects.get(), by=company["governor"], at=at)


def asking(draft, **more: Any) -> dict[str, Any]:
    return {
        "code": draft.policy.code,
        "version": draft.number,
        "reason": "Faster.",
        "acknowledged": warning_keys(draft),
        **more,
    }


def test_a_request_is_asked_for_approved_by_two_and_scheduled(send, draft, at):
    status, asked = send("governor", URL, **asking(draft))
    assert (status, asked["state"], asked["needed"]) == (201, "in_review", 2)
    one = f"{URL}{asked['id']}/"
    assert send("governor", f"{one}approve/")[1]["code"] == "own_request"
    assert send("duty", f"{one}approve/")[1]["code"] == "missing_right"
    assert send("governor2", f"{one}approve/")[1]["state"] == "in_review"
    assert send("governor2", f"{one}approve/")[1]["code"] == "already_answered"
    status, found = send("governor3", f"{one}approve/", comment="Agreed.")
    assert (status, found["state"]) == (200, "scheduled")
    assert [word["verdict"] for word in found["approvals"]] == ["asked", "approved", "approved"]
    assert found["changes"] == [
        {
            "kind": "policy",
            "code": draft.policy.code,
            "version": 3,
            "replaced": None,
            "restores": None,
        }
    ]
    assert send("governor", f"{one}send-back/", comment="No.")[1]["code"] == "own_request"
    assert send("governor", f"{one}withdraw/")[1]["state"] == "withdrawn"


def test_open_warnings_are_listed_with_the_keys_to_acknowledge_them_by(send, draft):
    status, refused = send("governor", URL, **asking(draft, acknowledged=[]))
    assert (status, refused["code"]) == (409, "warnings_open")
    assert [each["key"] for each in refused["warnings"]] == warning_keys(draft)


def test_errors_of_the_lint_are_listed(send, company, at):
    def no_such_ladder(content):
        content["severities"]["S1"]["ladder"] = "nowhere"

    draft = draft_of(Policy.objects.get(), by=company["governor"], at=at, change=no_such_ladder)
    status, refused = send("governor", URL, **asking(draft))
    assert (status, refused["code"]) == (409, "lint_errors")
    assert "unknown_ladder" in [each["code"] for each in refused["errors"]]


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"reason": " "}, 400, None),
        ({"version": 99}, 404, "not_found"),
        ({"code": "odd"}, 404, "not_found"),
        ({"version": 2}, 409, "not_draft"),
        ({"effective_from": "2026-11-17T10:30:00Z"}, 400, "too_soon"),
        (
            {"effective_from": "2026-11-18T10:30:00Z", "is_emergency": True},
            400,
            "emergency_has_no_date",
        ),
        ({"effective_from": "tomorrow"}, 400, None),
        ({"odd": 1}, 400, None),
    ],
)
def test_what_cannot_be_asked_for_says_why(send, draft, given, status, code):
    found, answer = send("governor", URL, **asking(draft, **given))
    assert found == status
    assert code in (None, answer["code"])


def test_only_who_asked_asks_again(send, draft):
    asked = send("governor", URL, **asking(draft))[1]
    send("governor2", f"{URL}{asked['id']}/send-back/", comment="Three.")
    assert send("governor2", URL, **asking(draft))[1]["code"] == "not_author"
    assert send("governor", URL, **asking(draft))[1]["round"] == 2


def test_only_what_was_in_force_before_is_asked_for_again(send, draft):
    body = {"code": draft.policy.code, "reason": "Back."}
    assert send("governor", f"{URL}roll-back/", version=2, **body)[1]["code"] == "not_retired"
    status, back = send("governor", f"{URL}roll-back/", version=1, is_emergency=True, **body)
    assert (status, back["changes"][0]["restores"]) == (201, 1)
    found = send("governor2", f"{URL}{back['id']}/approve/")[1]
    assert (found["state"], found["changes"][0]["replaced"]) == ("in_force", 2)


def test_a_refused_request_leaves_nothing_behind(send, draft):
    count = draft.policy.versions.count()
    body = {"code": draft.policy.code, "version": 1, "reason": "Back."}
    soon = "2026-11-17T10:10:00Z"
    assert send("governor", f"{URL}roll-back/", effective_from=soon, **body)[0] == 400
    assert draft.policy.versions.count() == count


def test_a_suggestion_is_answered_once(send, company):
    code = Policy.objects.get().code
    status, made = send("agent", "/api/v1/suggestions/", policy=code, text="Cards to Payments.")
    assert status == 201
    answer = f"/api/v1/suggestions/{made['id']}/answer/"
    assert send("agent", answer, answer="Yes.")[1]["code"] == "missing_right"
    assert send("governor", answer, answer="Yes.")[1]["answer"] == "Yes."
    assert send("governor2", answer, answer="No.")[1]["code"] == "answered"


def test_of_two_emergencies_that_nobody_confirms_neither_stays(send, company, at):
    policy = Policy.objects.get()
    before = policy_doc(policy.versions.get(state="in_force").pk)
    for minutes in ("4 min", "3 min"):
        draft = draft_of(policy, by=company["governor"], at=at, change=answered_in(minutes))
        asked = send("governor", URL, **asking(draft, is_emergency=True))[1]
        assert send("governor2", f"{URL}{asked['id']}/approve/")[1]["state"] == "in_force"
    assert policy.versions.get(state="in_force").number == 4
    sweep(at + timedelta(days=1))
    after = policy.versions.get(state="in_force")
    assert after.number == 5
    assert policy_doc(after.pk).severities == before.severities
