"""What would happen under any version, and the examples that are made of it, over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import User
from escalations.models import Clock, Example, Incident, Notice, Policy, PolicyVersion
from escalations.selectors.policy_lint import version_findings
from tests.factories.changes import draft_of
from tests.factories.incidents import MAJOR, open_incident

HOUR = timedelta(hours=1)


@pytest.fixture
def policy(company: dict[str, User], travel, at) -> Policy:
    travel.to(at)
    return Policy.objects.get()


@pytest.fixture
def draft(policy, company, at) -> PolicyVersion:
    """Version 3: what hits many users goes to Growth as an S1; an S1 is answered in four minutes."""

    def change(content):
        content["severities"]["S1"]["clocks"]["response"] = "4 min"
        when = {"all": [{"field": "users_pct", "op": ">", "value": 30}]}
        many = {"name": "Many users", "when": when, "team": "growth", "severity_floor": "S1"}
        content["rules"].insert(0, many)
        content["examples"] = []

    return draft_of(policy, by=company["governor"], at=at, change=change)


@pytest.fixture
def governor(client, company):
    client.force_login(company["governor"])
    return client


def page_of(version: PolicyVersion) -> str:
    return reverse("policy-preview", args=[version.policy.code, version.number])


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Incident, Clock, Notice))


def test_an_incident_is_tried_under_two_versions_side_by_side_and_becomes_an_example(
    governor, policy, draft, company, at
):
    before = counts()
    sent = {"users_pct": "35", "product_area": "cards", "against": "2"}
    answer = governor.post(page_of(draft), sent)
    new, old = answer.context["tried"]
    assert (new.number, new.severity, new.rule, new.team) == (3, "S1", "Many users", "Growth")
    assert (old.number, old.severity, old.rule) == (2, "S2", "Everything else")
    assert new.why == "S1 because of the routing rule"
    response = {each.kind: each.at for each in new.clocks}["response"]
    assert response == at + timedelta(minutes=4)
    assert new.climb.steps[0].people and new.climb.ladder == "s1"
    assert [rule.name for rule in old.explanation.rules] == [
        "KPIs go to Growth", "Data or legal questions", "Everything else"]  # fmt: skip
    assert new.given == {"kind": "operations", "product_area": "cards", "users_pct": 35}
    assert "Make an example of this" in answer.text
    assert counts() == before

    kept = governor.post(
        page_of(draft), {**sent, "example": "1", "name": "Cards down", "draft": "3"}, follow=True
    )
    assert "is an example of v3 now" in kept.text
    example = draft.examples.get()
    assert (example.rule, example.severity, example.team) == ("Many users", 1, "growth")
    assert example.history.get().history_user == company["governor"]
    assert "example_fails" not in {f.code for f in version_findings(draft, at)}
    again = governor.post(
        page_of(draft), {**sent, "example": "1", "name": "Cards down", "draft": "3"}
    )
    assert "An example has this name." in again.text
    no_draft = {**sent, "example": "1", "name": "x", "draft": "2"}
    assert "only a draft takes an example" in governor.post(page_of(draft), no_draft).text
    draft.routing_rules.filter(name="Many users").update(severity_floor=None)
    (fails,) = [f for f in version_findings(draft, at) if f.code == "example_fails"]
    assert fails.sentence == (
        "Example 'Cards down' fails: severity S2 instead of S1, ladder s2 instead of s1."
    ) and fails.is_error  # fmt: skip


def test_an_incident_that_was_is_tried_as_it_is_known(governor, policy, draft, client, company, at):
    incident = open_incident(at - HOUR, facts=MAJOR, product_area="cards")
    answer = governor.get(f"{page_of(draft)}?incident={incident.number}&against=2")
    new, old = answer.context["tried"]
    assert old.severity == f"S{incident.severity}" and old.decision["score_bp"] == incident.score_bp
    assert old.rule == incident.explanation["route"]["rule"]
    assert (new.rule, answer.context["form"].initial["users_pct"]) == ("Many users", 35)
    assert governor.get(f"{page_of(draft)}?incident=999999").status_code == 404
    client.force_login(company["agent"])
    assert client.get(page_of(draft)).status_code == 403
    client.force_login(company["auditor"])
    seen = client.post(page_of(draft), {"users_pct": "35"})
    assert seen.status_code == 200 and "Make an example" not in seen.text
    sent = {"users_pct": "35", "example": "1", "name": "x", "draft": "3"}
    assert client.post(page_of(draft), sent).status_code == 403
    assert Example.objects.filter(version=draft).count() == 0


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"users_pct": "101"}, "less than or equal to 100"),
        ({"account": "nobody"}, "Select a valid choice"),
        ({"against": "77"}, "Select a valid choice"),
        ({"anchor_technical": "9"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_tried_is_told(governor, draft, sent, said):
    answer = governor.post(page_of(draft), sent)
    assert answer.status_code == 200 and said in answer.text and not answer.context["tried"]


def test_a_draft_that_is_not_whole_says_so_everywhere(governor, draft, at):
    """Its page, its comparison and its preview, without a last rule and without an S1."""
    draft.routing_rules.filter(when__isnull=True).delete()
    draft.severity_rules.filter(severity=1).delete()
    for path in (f"/policies/{draft.policy.code}/?v=3", page_of(draft)):
        assert governor.get(path).status_code == 200, path
    compare = f"/policies/{draft.policy.code}/compare/?from=2&to=3"
    assert governor.get(compare).status_code == 200
    for sent in ({}, {"users_pct": "35"}):  # no rule takes it; its severity has no row
        answer = governor.post(page_of(draft), sent)
        assert answer.status_code == 200 and "v3 cannot decide yet" in answer.text
    url = f"/api/v1/policies/{draft.policy.code}/versions/3/preview/"
    refused = governor.post(url, {}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (409, "cannot_decide")


def test_the_api_tells_the_same_with_every_factor_rule_and_step(governor, draft, at):
    def do(number, sent, expect=200):
        answer = governor.post(f"{url}{number}/preview/", sent, content_type="application/json")
        assert answer.status_code == expect, answer.text
        return answer.json()

    url = f"/api/v1/policies/{draft.policy.code}/versions/"
    incident = open_incident(at - HOUR, facts={"users_pct": 5})
    sent = {"incident": incident.number, "facts": {"users_pct": 31}}
    found = do(3, sent)
    assert (found["rule"], found["severity"], found["team"]) == ("Many users", "S1", "Growth")
    assert [row["outcome"] for row in found["route"]["trace"]] == ["match"]
    assert len(found["decision"]["inputs"]) == 5
    assert found["steps"][0]["level"] == 1 and found["steps"][0]["people"]
    assert {row["kind"] for row in found["clocks"]} >= {"response", "restore"}
    assert found["given"]["users_pct"] == 31
    for sent, code in (({"kpi": "x"}, "unknown_kpi"), ({"kind": "x"}, "invalid_choice")):
        assert do(3, sent, 400)["code"] == code
    assert do(9, {}, 404)["code"] == "not_found"
