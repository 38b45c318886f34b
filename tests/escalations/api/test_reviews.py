"""/api/v1/reviews/ and /api/v1/action-items/: filters, refusals, rights, cost."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Team
from escalations.models import ActionItem, ContributingFactor, Incident, PostIncidentReview
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.reviews import resolve

HOUR = timedelta(hours=1)
ACTION = {
    "title": "Alarm",
    "kind": "detect",
    "owner": "agent2",
    "verifier": "senior",
    "verification_method": "Look.",
}


@pytest.fixture
def api(company, travel, at):
    travel.to(at + 2 * HOUR)

    def as_(username: str) -> APIClient:
        client = APIClient()
        client.force_authenticate(company[username])
        return client

    return as_


def reviewed(company, at, key="capture", **more) -> int:
    more = {"severity_hint": "critical", "facts": MAJOR, "category": "outage", **more}
    return resolve(open_incident(at, key, **more), by=company["agent"], at=at + HOUR).number


@pytest.fixture
def number(company, at) -> int:
    return reviewed(company, at)


def listed(api, query="", expect=200):
    answer = api("agent").get(f"/api/v1/reviews/{query}")
    assert answer.status_code == expect, answer.content
    body = answer.json()
    return [row["number"] for row in body["results"]] if expect == 200 else body


def test_reviews_are_found_by_every_filter(api, company, at, number):
    other = reviewed(company, at, "sftp", account="fjord", title="Payout file missing")
    ContributingFactor.objects.create(
        review=PostIncidentReview.objects.get(incident=other),
        position=1,
        category="third_party",
        text="The bank moved.",
    )
    assert sorted(listed(api)) == [number, other]
    for query, expected in (
        ("?state=open&account=fjord", [other]),
        ("?state=completed", []),
        ("?severity=S4", []),
        ("?cause=third_party", [other]),
        ("?tier=strategic", [number]),
        ("?team=frontline&q=payout", [other]),
        ("?q=bank+moved", [other]),
        ("?kpi=cpc", []),
        ("?product_area=cards", []),
        ("?since=2026-11-18", []),
        ("?until=2026-11-16", []),
    ):
        assert listed(api, query) == expected, query
    assert listed(api, "?ordering=opened_at&page_size=1") == [number]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?state=odd", "unknown_state"),
        ("?severity=S9", "unknown_severity"),
        ("?cause=odd", "unknown_cause"),
        ("?tier=gold", "unknown_tier"),
        ("?since=soon", "bad_date"),
        ("?colour=red", "unknown_parameter"),
        ("?ordering=title", "bad_ordering"),
    ],
)
def test_a_bad_filter_is_refused(api, query, code):
    assert listed(api, query, 400)["code"] in (code, "unknown_ordering")


def test_outsiders_and_those_of_other_teams_find_nothing(api, number):
    paths = (
        "reviews/",
        f"reviews/{number}/",
        f"reviews/{number}/factors/",
        f"reviews/{number}/entries/",
        f"reviews/{number}/actions/",
        "action-items/",
    )
    for path in paths:
        assert api("outsider").get(f"/api/v1/{path}").status_code == 403, path
        assert APIClient().get(f"/api/v1/{path}").status_code == 401, path
        assert api("agent").get(f"/api/v1/{path}").status_code == 200, path
    Incident.objects.update(team=Team.objects.create(code="legal", name="L", is_private=True))
    Incident.objects.get().responders.all().delete()
    assert api("agent").get(f"/api/v1/reviews/{number}/").json()["code"] == "not_found"
    assert listed(api) == []
    for verb in ("hold", "submit", "waive"):
        assert api("agent").post(f"/api/v1/reviews/{number}/{verb}/").status_code == 404
    assert api("agent").get("/api/v1/reviews/9999999999999999999999/").status_code == 404


def test_money_is_for_those_who_may_see_it(api, number):
    url = f"/api/v1/reviews/{number}/"
    assert "revenue_exposed" not in api("agent").get(url).json()
    assert api("governor").get(url).json()["revenue_exposed"] == "420000.00"
    refused = api("agent").patch(url, {"credits": "5.00"})
    assert (refused.status_code, refused.json()["code"]) == (403, "hidden_field")


def test_the_history_hides_money_as_well(api, company, client, number):
    review = PostIncidentReview.objects.get()
    for value in ("7654321", "1"):
        review.revenue_exposed = value
        review.save()
    staff = company["agent"]
    staff.is_staff = True
    staff.save()
    staff.user_permissions.set(Permission.objects.filter(codename="view_postincidentreview"))
    base = f"/admin/escalations/postincidentreview/{review.pk}"
    past = review.history.first()
    for who, sees in (("governor", True), ("agent", False)):
        client.force_login(company[who])
        pages = [
            client.get(f"{base}/{end}") for end in ("change/", "history/", f"history/{past.pk}/")
        ]
        assert {page.status_code for page in pages} == {200}
        text = "".join(page.text.replace(",", "") for page in pages)
        assert ("7654321" in text) is sees, who


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"summary": 5, "colour": "red"}, "colour", "unknown_field"),
        ({"users_affected": -1}, "users_affected", "min_value"),
        ({"impact_start": "2026-11-17T10:00:00"}, "impact_start", "naive"),
        ({"facilitator": "nobody"}, "facilitator", "unknown_person"),
        ({"participants": ["nobody"]}, "participants", "unknown_person"),
        ({"participants": ["outsider"]}, "participants", "may_not_see"),
        ({"recurrences": [99]}, "recurrences", "unknown_incident"),
        ({"impact_start": "2026-11-18T00:00:00Z"}, "", "invalid"),
        ({"customer_impact": 11}, "", "invalid"),
    ],
)
def test_a_bad_field_of_a_review_is_named(api, number, body, field, code):
    refused = api("agent").patch(f"/api/v1/reviews/{number}/", body)
    assert refused.status_code == 400
    assert {"field": field, "code": code}.items() <= refused.json()["errors"][0].items()


def test_people_and_like_incidents_are_saved_as_whole_lists(api, company, at, number):
    other = reviewed(company, at, "other")
    url = f"/api/v1/reviews/{number}/"
    body = {"participants": ["agent2", "steward"], "recurrences": [other, number]}
    saved = api("agent").patch(url, body).json()
    assert sorted(each["user"] for each in saved["participants"]) == ["agent2", "steward"]
    assert saved["recurrences"] == [other], "an incident is no recurrence of itself"
    assert api("agent").patch(url, {"participants": []}).json()["participants"] == []


def test_a_linked_incident_of_a_private_team_is_not_shown_to_others(api, company, at, number):
    other = reviewed(company, at, "other", title="Secret matter")
    api("duty").patch(f"/api/v1/reviews/{number}/", {"recurrences": [other]})
    Incident.objects.filter(pk=other).update(
        team=Team.objects.create(code="legal", name="L", is_private=True)
    )
    Incident.objects.get(pk=other).responders.all().delete()
    url = f"/api/v1/reviews/{number}/"
    assert api("duty").get(url).json()["recurrences"] == [other]
    assert api("agent2").get(url).json()["recurrences"] == []
    client = APIClient()
    client.force_login(company["agent2"])
    assert "Secret matter" not in client.get(f"/reviews/{number}/").content.decode()


def test_factors_are_added_changed_and_removed(api, number):
    base = f"/api/v1/reviews/{number}/factors/"
    made = api("agent").post(base, {"category": "change", "text": "No flag."})
    assert (made.status_code, made.json()["position"]) == (201, 1)
    assert api("agent").post(base, {"category": "odd", "text": "x"}).status_code == 400
    assert api("agent").patch(f"{base}1/", {"evidence": "Log"}).json()["evidence"] == "Log"
    assert api("agent").patch(f"{base}1/", {"text": ""}).json()["code"] in ("blank", "required")
    for place in ("7", "9" * 30):
        assert api("agent").patch(f"{base}{place}/", {"text": "x"}).status_code == 404
    assert api("integrator").post(base, {"category": "change", "text": "x"}).status_code == 403
    assert api("agent").delete(f"{base}1/").json()["factors"] == []


def test_the_timeline_takes_additions_and_no_wrong_event(api, number, at):
    base = f"/api/v1/reviews/{number}/entries/"
    added = {"kind": "addition", "from_at": at.isoformat(), "text": "The bank called."}
    assert api("agent").post(base, added).status_code == 201
    wrong = api("agent").post(base, {"kind": "hiding", "event": 999})
    assert wrong.json()["code"] == "unknown_event"
    bare = api("agent").post(base, {"kind": "hiding"})
    assert bare.json()["errors"][0]["code"] == "invalid"
    ahead = {**added, "from_at": (at + timedelta(days=9)).isoformat()}
    assert api("agent").post(base, ahead).json()["code"] == "in_future"
    assert [each["text"] for each in api("agent").get(base).json()] == ["The bank called."]


def test_a_late_word_on_an_action_is_refused_with_what_is_allowed(api, number):
    made = api("agent").post(f"/api/v1/reviews/{number}/actions/", ACTION).json()
    path = f"/api/v1/action-items/{made['id']}/"
    refused = api("senior").post(path + "verify/")
    assert refused.json()["code"] == "illegal_move"
    assert refused.json()["allowed"] == ["start", "finish", "wont-do", "move-due"]
    stale = api("agent2").post(path + "start/", {"expected_version": 9})
    assert stale.json()["code"] == "stale_version"
    past = {"due_on": "2026-11-01", "reason": "x"}
    assert api("agent2").post(path + "move-due/", past).json()["code"] == "due_in_past"
    early = {**ACTION, "due_on": "2026-11-01"}
    answer = api("agent").post(f"/api/v1/reviews/{number}/actions/", early)
    assert answer.json()["code"] == "due_in_past"


def test_actions_are_listed_by_owner_state_and_lateness(api, number):
    for owner in ("agent2", "agent"):
        api("agent").post(f"/api/v1/reviews/{number}/actions/", {**ACTION, "owner": owner})
    late = ActionItem.objects.get(owner__username="agent")
    ActionItem.objects.filter(pk=late.pk).update(due_on=date(2026, 11, 1))

    def ids(query):
        answer = api("agent").get(f"/api/v1/action-items/{query}")
        return [row["owner"] for row in answer.json()["results"]]

    assert ids("") == ["agent", "agent2"]
    assert ids("?owner=agent2") == ["agent2"]
    assert ids("?overdue=true") == ["agent"]
    assert ids("?state=verified") == []
    assert ids("?state=unsettled&verifier=senior") == ["agent", "agent2"]
    assert ids("?overdue=false") == ["agent2"]
    assert ids(f"?incident={number}&q=ALARM") == ["agent", "agent2"]
    assert ids("?kind=detect,prevent&q=look") == ["agent", "agent2"]
    assert ids("?kind=prevent") == ids("?q=fireworks") == ids("?incident=999") == []
    assert api("agent").get(f"/api/v1/action-items/{late.pk}/").json()["is_overdue"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?overdue=perhaps", "not_a_flag"),
        ("?kind=odd", "unknown_kind"),
        ("?state=odd", "unknown_state"),
        ("?incident=INC-1", "not_a_number"),
        ("?colour=red", "unknown_parameter"),
        ("?ordering=title", "unknown_ordering"),
    ],
)
def test_a_bad_filter_of_actions_is_refused(api, query, code):
    answer = api("agent").get(f"/api/v1/action-items/{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_lists_cost_the_same_for_few_and_for_many(api, company, at, number):
    client = api("agent")
    client.post(f"/api/v1/reviews/{number}/actions/", ACTION)
    ContributingFactor.objects.create(
        review=PostIncidentReview.objects.get(), position=1, category="change", text="x"
    )

    def costs(path):
        client.get(path)  # what a process keeps is kept again
        with CaptureQueriesContext(connection) as seen:
            assert client.get(path).status_code == 200
        return len(seen)

    paths = ("/api/v1/reviews/", "/api/v1/action-items/", f"/api/v1/reviews/{number}/")
    few = [costs(path) for path in paths]
    for place in range(5):
        other = reviewed(company, at, f"more{place}")
        client.post(f"/api/v1/reviews/{other}/actions/", ACTION)
        client.post(f"/api/v1/reviews/{number}/actions/", ACTION)
    assert [costs(path) for path in paths] == few
