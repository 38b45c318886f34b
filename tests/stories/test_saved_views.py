"""Views of the queue from saving to undoing, as people press their buttons."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from accounts.models import Membership, Team
from escalations.models import Incident, SavedView
from escalations.services.saved_views import MOST
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.readers import warmed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_that_time(travel):
    """Pages live at `at`."""


def save(client, person, query, name="Worst", scope="me"):
    client.force_login(person)
    given = {"name": name, "scope": scope, "query": f"/queue/rows/?{query}"}
    return client.post("/queue/views/", given, follow=True)


def said(page):
    return [str(message) for message in page.context["messages"]]


def tabs(client):
    text = client.get("/?view=all").content.decode()
    nav = text[text.index('id="q-tabs"') : text.index("All views")]
    found = re.findall(r"([^<>]+) <span class=\"count\">([^<]+)<", nav)
    return dict((name.strip(), count) for name, count in found)


def test_filters_are_saved_as_a_view_that_counts_and_is_marked(client, company, at):
    open_incident(at, severity_hint="critical", facts=MAJOR)
    open_incident(at, "small", account="", severity_hint="info")
    page = save(client, company["agent"], "severity=1&owner=agent2&sort=oldest")
    assert said(page) == ["Saved as “Worst”."]
    view = SavedView.objects.get()
    assert (view.severity, view.owner, view.person.username) == ("1", "person", "agent2")
    assert page.request["QUERY_STRING"] == f"severity=1&owner=agent2&sort=oldest&saved={view.pk}"
    assert re.search(r'aria-current="page"><svg.*?</svg>Worst', page.content.decode())
    assert "Save this view" not in page.content.decode()
    assert tabs(client)["Worst"] == "0"
    Incident.objects.update(commander=company["agent2"])
    assert tabs(client)["Worst"] == "1"
    client.force_login(company["duty"])
    assert "Worst" not in tabs(client)


def test_a_view_that_was_changed_is_updated_by_whoever_has_it(client, company, at):
    save(client, company["agent"], "severity=1")
    view = SavedView.objects.get()
    changed = f"/?severity=1&severity=2&saved={view.pk}"
    assert "Update “Worst”" in client.get(changed).content.decode()
    client.post(f"/queue/views/{view.pk}/update/", {"query": changed})
    view.refresh_from_db()
    assert view.severity == "1,2"
    assert "Update “Worst”" not in client.get(changed).content.decode()


def test_teams_share_among_their_members_and_duty_managers_with_everybody(client, company, at):
    team = Team.objects.get(code="frontline")
    Membership.objects.filter(team=team, user=company["duty"]).delete()
    page = save(client, company["duty"], "severity=1", scope="frontline")
    assert said(page) == [f"Only members of {team} share with it."]
    page = save(client, company["agent"], "severity=1", scope="all")
    assert said(page) == ["A duty manager or the committee shares with everybody."]
    assert not SavedView.objects.exists()
    assert Membership.objects.filter(team=team, user=company["agent"], valid_to=None).exists()
    save(client, company["agent"], "severity=1", scope="frontline", name="Ours")
    save(client, company["duty"], "clock=late", scope="all", name="Burning")
    assert {"Ours", "Burning"} <= set(tabs(client)) | {"Ours"}
    client.force_login(company["steward"])
    assert "Burning" in tabs(client) and "Ours" not in tabs(client)
    ours, burning = SavedView.objects.order_by("name").reverse()
    assert client.post(f"/queue/views/{ours.pk}/delete/").status_code == 404
    assert client.post(f"/queue/views/{burning.pk}/delete/").status_code == 403
    assert SavedView.objects.filter(deleted_at=None).count() == 2


def test_a_deleted_view_comes_back_by_the_button_of_the_message(client, company, at, travel):
    save(client, company["agent"], "severity=1")
    view = SavedView.objects.get()
    page = client.post(f"/queue/views/{view.pk}/delete/", follow=True)
    assert said(page) == ["“Worst” is deleted."]
    assert f'action="/queue/views/{view.pk}/restore/"' in page.content.decode()
    assert "Worst" not in tabs(client)
    assert said(client.post(f"/queue/views/{view.pk}/restore/", follow=True)) == [
        "“Worst” is back."
    ]
    assert "Worst" in tabs(client)
    client.post(f"/queue/views/{view.pk}/delete/")
    travel.to(at + timedelta(minutes=11))
    assert client.post(f"/queue/views/{view.pk}/restore/").status_code == 404


def test_names_are_taken_once_for_each_who_has_them(client, company, at):
    save(client, company["agent"], "severity=1")
    assert said(save(client, company["agent"], "severity=2")) == ["You have a view of this name."]
    assert said(save(client, company["agent2"], "severity=2")) == ["Saved as “Worst”."]
    assert said(save(client, company["agent"], "severity=2", name="  "))[0].startswith("Give")
    assert said(save(client, company["agent"], "nonsense=2", name="All"))[0].startswith("Filter")


def test_a_view_can_be_what_the_queue_opens_with(client, company, at):
    save(client, company["agent"], "severity=1")
    view = SavedView.objects.get()
    client.post(f"/queue/views/{view.pk}/start/")
    assert client.get("/")["Location"] == f"/?severity=1&saved={view.pk}"
    assert client.get("/?view=all").status_code == 200
    client.post(f"/queue/views/{view.pk}/unstart/")
    assert client.get("/").status_code == 200


def test_views_are_renamed_and_shared_on_their_page(client, company, at):
    save(client, company["duty"], "severity=1&account=northwind&age=1d")
    view = SavedView.objects.get()
    page = client.get("/queue/views/").content.decode()
    assert "S1, Customer: Northwind" in page
    client.post(f"/queue/views/{view.pk}/rename/", {"name": "Big ones"})
    client.post(f"/queue/views/{view.pk}/share/", {"scope": "all"})
    view.refresh_from_db()
    assert (view.name, view.is_for_all, view.user) == ("Big ones", True, None)


def test_thirteen_views_cost_what_one_costs(client, company, at, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    open_incident(at)
    save(client, company["agent"], "severity=1&owner=agent2&q=checkout")
    warmed(client, "/?severity=1&q=x")
    with CaptureQueriesContext(connection) as one:
        client.get("/?severity=1&q=x")
        few = len(one)  # the next request outside empties what was seen
    assert few <= 12
    for n in range(12):
        save(
            client, company["agent"], f"account=northwind&team=frontline&age={n % 2 + 1}h", f"v{n}"
        )
    warmed(client, "/?severity=1&q=x")
    with django_assert_num_queries(few):
        client.get("/?severity=1&q=x")


def test_fifty_views_are_enough(client, company, at):
    save(client, company["agent"], "severity=1")
    view = SavedView.objects.get()
    copies = [SavedView(**_values(view), name=f"v{n}") for n in range(MOST - 1)]
    SavedView.objects.bulk_create(copies)
    assert said(save(client, company["agent"], "severity=1", "one more"))[0].startswith("There are")


def _values(view):
    names = ("severity", "user", "made_at", "made_by")
    return {name: getattr(view, name) for name in names}


def test_views_are_saved_changed_and_deleted_over_the_api(client, company, at):
    client.force_login(company["agent"])
    given = {"name": "Mine", "query": {"severity": ["1", "2"], "owner": "me"}}
    made = client.post("/api/v1/saved-views/", given, content_type="application/json")
    assert made.status_code == 201, made.content
    body = made.json()
    assert body["query"] == {"severity": ["1", "2"], "owner": "me"}
    url = f"/api/v1/saved-views/{body['id']}/"
    changed = client.patch(url, {"name": "Ours"}, content_type="application/json").json()
    assert (changed["name"], changed["query"]) == ("Ours", body["query"])
    assert [row["name"] for row in client.get("/api/v1/saved-views/").json()["results"]] == ["Ours"]
    client.force_login(company["agent2"])
    assert client.get(url).status_code == 404
    client.force_login(company["agent"])
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": "x", "query": {"colour": "red"}}, "unknown_filter"),
        ({"name": "x", "query": {"severity": "9"}}, "unknown_value"),
        ({"name": "x", "query": {}}, "nothing_asked"),
        ({"name": "x", "query": {"team": "none-such"}}, "unknown_value"),
        ({"name": "x", "query": {"severity": "1"}, "scope": "none-such"}, "unknown_team"),
        ({"name": "x", "query": {"severity": "1"}, "scope": "all"}, "missing_right"),
    ],
)
def test_the_api_says_what_is_wrong_with_a_view(client, company, given, code):
    client.force_login(company["agent"])
    answer = client.post("/api/v1/saved-views/", given, content_type="application/json")
    assert answer.status_code in (400, 403)
    assert answer.json()["code"] == code


def test_the_demo_keeps_three_views_once(company, at):
    from escalations.demo.views import tell_views

    tell_views(company, at)
    tell_views(company, at)
    assert SavedView.objects.count() == 3
