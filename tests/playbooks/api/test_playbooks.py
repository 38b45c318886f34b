"""The library over HTTP: who may read, who may write, and what a version needs."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from escalations.tasks.schedule import sweep
from playbooks.models import MessageTemplate, Playbook, PlaybookRun, PlaybookVersion

STEP = {"title": "Look", "timebox_s": 600, "owner_role": "fix_lead"}
FULL = {"success_criterion": "It is green.", "rollback": "Deploy again.", "steps": [STEP]}


@pytest.fixture
def api(company, travel):
    def as_(username: str) -> APIClient:
        client = APIClient()
        client.force_authenticate(company[username])
        return client

    return as_


def call(api, who, method, path, expect=200, body=None, **query):
    sender = getattr(api(who), method)
    answer = sender(f"/api/v1/{path}", query if method == "get" else body or {})
    assert answer.status_code == expect, answer.json()
    return answer.json()


def codes(found):
    return [each["code"] for each in found["results"]]


@pytest.mark.parametrize(
    "query, expected",
    [
        ({}, 5),
        ({"kind": "remediation"}, ["checkout-conversion-drop"]),
        ({"q": "pay outage"}, ["payment-outage"]),
        (
            {"area": "CARDS"},
            ["data-pipeline-late", "payment-outage", "renewal-risk-save", "third-party-outage"],
        ),
        (
            {"tier": "standard"},
            [
                "checkout-conversion-drop",
                "data-pipeline-late",
                "payment-outage",
                "third-party-outage",
            ],
        ),
        ({"tier": "strategic", "kind": "communication"}, ["renewal-risk-save"]),
        ({"q": "nothing like it"}, []),
    ],
)
def test_the_library_is_searched_by_area_tier_type_and_text(api, query, expected):
    found = call(api, "agent", "get", "playbooks/", **query)
    if isinstance(expected, int):
        assert len(found["results"]) == expected
    else:
        assert sorted(codes(found)) == expected


@pytest.mark.parametrize(
    "query, code",
    [
        ({"tier": "gold"}, "unknown_tier"),
        ({"kind": "x"}, "unknown_kind"),
        ({"z": "1"}, "unknown_parameter"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(api, query, code):
    assert call(api, "agent", "get", "playbooks/", 400, **query)["code"] == code


@pytest.mark.parametrize(
    "path, query, code",
    [
        ("playbook-runs/", {"outcome": "odd"}, "unknown_outcome"),
        ("playbook-runs/", {"state": "odd"}, "unknown_state"),
        ("playbook-runs/", {"incident": "x"}, "not_a_number"),
        ("playbook-runs/", {"z": "1"}, "unknown_parameter"),
        ("playbook-runs/", {"ordering": "outcome"}, "unknown_ordering"),
        ("message-templates/", {"channel": "pigeon"}, "unknown_channel"),
        ("message-templates/", {"active": "perhaps"}, "not_a_flag"),
        ("message-templates/", {"z": "1"}, "unknown_parameter"),
    ],
)
def test_a_filter_of_runs_or_templates_that_means_nothing_is_refused(api, path, query, code):
    assert call(api, "agent", "get", path, 400, **query)["code"] == code


def test_runs_are_found_by_words_of_their_playbook(api):
    made = call(api, "agent", "post", "playbook-runs/", 201, {"playbook": "data-pipeline-late"})
    for query, expected in (
        ({"q": "PIPELINE late"}, [made["id"]]),
        ({"q": "pipeline renewal"}, []),
        ({"q": "late", "ordering": "-due_at"}, [made["id"]]),
    ):
        found = call(api, "agent", "get", "playbook-runs/", **query)
        assert [each["id"] for each in found["results"]] == expected


def test_templates_are_found_by_whether_they_are_used(api):
    first = MessageTemplate.objects.order_by("pk").first()
    MessageTemplate.objects.filter(pk=first.pk).update(is_active=False)
    shut = call(api, "agent", "get", "message-templates/", active="false")["results"]
    assert [(each["code"], each["language"]) for each in shut] == [(first.code, first.language)]
    shown = call(api, "agent", "get", "message-templates/", active="true")["results"]
    assert shown and all(each["is_active"] for each in shown)


def test_every_role_reads_and_only_two_write(api, company):
    for who in ("agent", "steward", "integrator", "kpi-owner", "duty", "governor"):
        call(api, who, "get", "playbooks/payment-outage/")
        call(api, who, "get", "message-templates/")
        call(api, who, "get", "playbook-runs/")
    for path in ("playbooks/", "playbooks/payment-outage/", "message-templates/", "playbook-runs/"):
        call(api, "outsider", "get", path, 403)
        assert APIClient().get(f"/api/v1/{path}").status_code in (401, 403)
    new = {"code": "n", "name": "N", "kind": "incident"}
    assert call(api, "duty", "post", "playbooks/", 403, new)["code"] == "missing_right"
    assert call(api, "duty", "post", "playbooks/payment-outage/versions/", 403, FULL)
    assert call(api, "agent", "put", "playbooks/payment-outage/triggers/", 403, {"triggers": []})
    template = {"code": "n", "channel": "chat", "name": "N", "body": "x"}
    assert call(api, "agent", "post", "message-templates/", 403, template)
    run = {"playbook": "payment-outage"}
    assert call(api, "governor", "post", "playbook-runs/", 403, run)["code"] == "missing_right"


def asking(number):
    return {"kind": "playbook", "code": "restart", "version": number, "reason": "Better so."}


def in_force(api, number):
    """Asked for, approved by another, and its hour has come."""
    asked = call(api, "governor", "post", "change-requests/", 201, asking(number))
    own = call(api, "governor", "post", f"change-requests/{asked['id']}/approve/", 403)
    assert own["code"] == "own_request"
    waits = call(api, "governor2", "post", f"change-requests/{asked['id']}/approve/")
    sweep(datetime.fromisoformat(waits["settle_at"]))


def test_a_playbook_is_drafted_put_in_force_and_followed_by_its_next_version(api, company):
    made = call(
        api,
        "governor",
        "post",
        "playbooks/",
        201,
        {"code": "restart", "name": "Restart", "kind": "remediation", "owner": "senior"},
    )
    assert (made["in_force"], made["drafts"], made["owner"]) == (None, [], "senior")
    taken = call(
        api,
        "governor",
        "post",
        "playbooks/",
        409,
        {"code": "restart", "name": "x", "kind": "incident"},
    )
    assert taken["errors"][0]["field"] == "code"
    base = "playbooks/restart/versions/"
    assert call(api, "governor", "post", base, 201)["number"] == 1
    empty = call(api, "governor", "post", "change-requests/", 400, asking(1))
    assert [each["code"] for each in empty["errors"]] == [
        "steps_missing",
        "success_missing",
        "rollback_missing",
    ]
    assert call(api, "senior", "post", "playbook-runs/", 409, {"playbook": "restart"})["code"] == (
        "not_in_force"
    )
    call(api, "governor", "patch", f"{base}1/", body=FULL)
    refused = call(api, "agent", "post", "change-requests/", 403, asking(1))
    assert refused["code"] == "missing_right"
    in_force(api, 1)
    first = call(api, "governor", "get", f"{base}1/")
    assert (first["state"], first["published_by"], len(first["sha256"])) == (
        "in_force",
        "governor2",
        64,
    )
    sealed = call(api, "governor", "patch", f"{base}1/", 409, {"rollback": "none"})
    assert sealed["code"] == "sealed"
    twice = call(api, "governor", "post", "change-requests/", 409, asking(1))
    assert twice["code"] == "not_draft"
    run = call(api, "agent", "post", "playbook-runs/", 400, {"playbook": "restart"})
    assert run["errors"][0] == {
        "field": "hypothesis",
        "code": "hypothesis_missing",
        "detail": "Say it.",
    }
    chosen = {"playbook": "restart", "hypothesis": "It hangs."}
    pk = call(api, "agent", "post", "playbook-runs/", 201, chosen)["id"]
    call(api, "governor", "post", base, 201, {**FULL, "steps": [STEP, STEP]})
    in_force(api, 2)
    second = call(api, "governor", "get", f"{base}2/")
    assert second["sha256"] != first["sha256"]
    old = PlaybookVersion.objects.get(playbook__code="restart", number=1)
    assert (old.state, old.retired_at is not None) == ("retired", True)
    assert old.history.first().history_user == company["governor2"]
    assert len(call(api, "agent", "get", f"playbook-runs/{pk}/")["steps"]) == 1, (
        "a run stays as it began"
    )
    bad = call(api, "governor", "post", base, 400, {"steps": [{**STEP, "timebox_s": 5}]})
    assert bad["errors"][0]["code"] == "min_value"


def test_triggers_are_replaced_in_words_and_an_empty_one_is_refused(api):
    path = "playbooks/payment-outage/triggers/"
    rows = [
        {"kpi": "cpc", "failure_mode": "warn"},
        {"tier": "strategic", "severity_at_least": "S2"},
    ]
    found = call(api, "governor", "put", path, body={"triggers": rows})["triggers"]
    assert [each["sentence"] for each in found] == [
        "KPI Cost per click is in its warning band.",
        "The customer's tier is strategic and it is an S2 or worse.",
    ]
    assert found[1]["severity_at_least"] == "S2"
    refused = call(api, "governor", "put", path, 400, {"triggers": [{}]})
    assert refused["code"] == "no_condition"
    assert len(call(api, "agent", "get", "playbooks/payment-outage/")["triggers"]) == 2


def test_a_template_with_an_unknown_placeholder_is_not_saved(api):
    body = {"code": "t", "channel": "email", "name": "T", "subject": "{{ arr }}", "body": "{{ x }}"}
    refused = call(api, "governor", "post", "message-templates/", 400, body)
    assert {(each["field"], each["code"]) for each in refused["errors"]} == {
        ("subject", "unknown_placeholder"),
        ("body", "unknown_placeholder"),
    }
    body |= {"subject": "{{ incident }}", "body": "Dear {{ account }}"}
    made = call(api, "governor", "post", "message-templates/", 201, body)
    assert made["placeholders"] == ["incident", "account"]
    again = call(api, "governor", "post", "message-templates/", 409, body)
    assert again["code"] == "unique"
    call(api, "governor", "post", "message-templates/", 201, {**body, "language": "de"})
    changed = call(
        api, "governor", "patch", "message-templates/t/en/", body={"body": "Hi {{ owner }}"}
    )
    assert changed["placeholders"] == ["incident", "owner"]
    fixed = call(api, "governor", "patch", "message-templates/t/en/", 400, {"code": "u"})
    assert fixed["code"] == "fixed"
    chat = call(api, "governor", "patch", "message-templates/t/en/", 400, {"channel": "chat"})
    assert chat["detail"] == "Only a mail has a subject."
    preview = call(
        api,
        "agent",
        "post",
        "message-templates/t/en/preview/",
        body={"values": {"owner": "<b>Ana</b>"}},
    )
    assert preview == {"subject": "INC-42", "body": "Hi <b>Ana</b>"}
    wrong = {"values": {"arr": "1"}}
    assert call(api, "agent", "post", "message-templates/t/en/preview/", 400, wrong)["code"] == (
        "unknown_placeholder"
    )
    call(api, "agent", "get", "message-templates/t/fr/", 404)
    found = call(api, "agent", "get", "message-templates/", channel="handoff")
    assert codes(found) == ["shift-handoff"]


@pytest.mark.parametrize(
    "path",
    [
        "playbook-runs/99999999999999999999/",
        "playbook-runs/7/",
        "playbooks/nothing/",
        "playbooks/payment-outage/versions/99999999999999999999/",
        "playbook-runs/?incident=99999999999999999999",
        "playbook-runs/?incident=x",
        "playbook-runs/?state=odd",
    ],
)
def test_a_wrong_address_is_an_answer_and_never_a_crash(api, path):
    assert api("agent").get(f"/api/v1/{path}").status_code in (400, 404)


def queries(client, path):
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def many(company, at, count):
    book = Playbook.objects.get(code="payment-outage")
    version = book.versions.get()
    for i in range(count):
        one = Playbook.objects.create(
            code=f"m{count}-{i}", name=f"M {i}", kind="incident", owner=company["duty"]
        )
        PlaybookVersion.objects.create(playbook=one, number=1)
        PlaybookRun.objects.create(
            version=version,
            state="stopped",
            requested_at=at,
            requested_by=company["agent"],
            ended_at=at,
        )
        MessageTemplate.objects.create(code=f"m{count}-{i}", channel="chat", name="M", body="x")


def test_lists_cost_the_same_for_few_rows_and_for_many(api, client, company, at):
    client.force_login(company["agent"])
    paths = ("playbooks/", "playbook-runs/", "message-templates/")
    many(company, at, 2)
    few = [queries(api("agent"), f"/api/v1/{path}") for path in paths]
    pages = [queries(client, path) for path in ("/playbooks/", "/playbooks/payment-outage/")]
    many(company, at, 12)
    assert [queries(api("agent"), f"/api/v1/{path}") for path in paths] == few
    assert max(few) <= 4
    assert [
        queries(client, path) for path in ("/playbooks/", "/playbooks/payment-outage/")
    ] == pages
    assert max(pages) <= 12
