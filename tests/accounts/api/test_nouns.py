"""Customers, people, teams, rosters and hours over HTTP: the same habits for every noun."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from accounts.models import Account, Contact

LISTS = ("accounts", "contacts", "people", "teams", "roles", "rosters", "service-hours")


def as_(person) -> APIClient:
    client = APIClient()
    client.force_authenticate(person)
    return client


@pytest.fixture
def contact(company):
    account = Account.objects.get(external_id="acme")
    return Contact.objects.create(
        account=account, name="Mia Sand", email="mia@acme.example", phone="+1 555 0100"
    )


@pytest.mark.parametrize("noun", LISTS)
def test_every_noun_is_listed_and_searched(company, contact, noun):
    answer = as_(company["governor"]).get(f"/api/v1/{noun}/")
    assert answer.status_code == 200
    assert answer.json()["results"]
    refused = as_(company["governor"]).get(f"/api/v1/{noun}/?colour=red")
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_parameter")
    assert as_(company["outsider"]).get(f"/api/v1/{noun}/").status_code == 403


def test_an_account_tells_tier_and_priority_and_hides_revenue_from_agents(company):
    url = "/api/v1/accounts/northwind/"
    seen = as_(company["agent"]).get(url).json()
    assert seen["valuation"]["tier"] == "strategic"
    assert len(seen["valuation"]["terms"]) == 5
    assert "arr" not in seen
    assert "lifetime_value" not in seen
    assert as_(company["governor"]).get(url).json()["arr"] == "420000.00"


def test_accounts_are_filtered_and_ordered_by_what_is_computed(company):
    api = as_(company["agent"])
    found = api.get("/api/v1/accounts/?tier=enterprise&ordering=-priority_bp").json()["results"]
    assert [row["external_id"] for row in found] == ["fjord", "halden"]
    assert api.get("/api/v1/accounts/?at_risk=maybe").json()["code"] == "not_a_flag"
    assert api.get("/api/v1/accounts/?segment=huge").json()["code"] == "unknown_value"
    assert api.get("/api/v1/accounts/?renews_before=soon").json()["code"] == "bad_value"


def test_an_integrator_keeps_accounts_and_the_history_knows(company):
    api = as_(company["integrator"])
    made = api.post(
        "/api/v1/accounts/",
        {"external_id": "ny/1", "name": "New York One", "arr": "1200.50", "owner": "agent"},
    )
    assert made.status_code == 201, made.json()
    changed = api.patch(
        "/api/v1/accounts/ny/1/", {"segment": "mid", "reason": "Signed the larger plan"}
    )
    assert (changed.status_code, changed.json()["segment"]) == (200, "mid")
    last = Account.objects.get(external_id="ny/1").history.first()
    assert last.history_change_reason == "Signed the larger plan"
    assert last.history_user == company["integrator"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"arr": "-1"}, ""),
        ({"arr": "NaN"}, "arr"),
        ({"currency": "eur"}, ""),
        ({"importance": 5}, ""),
        ({"owner": "nobody"}, "owner"),
        ({"colour": "red"}, "colour"),
        ({"renewal_on": "2026-13-01"}, "renewal_on"),
        ({"external_id": "northwind"}, "external_id"),
        ({"name": ""}, "name"),
        ({"name": "x" * 161}, "name"),
    ],
)
def test_bad_fields_are_named_and_nothing_is_stored(company, body, field):
    before = Account.objects.get(external_id="acme")
    answer = as_(company["integrator"]).patch("/api/v1/accounts/acme/", body)
    assert answer.status_code == 400, answer.json()
    assert field in [error["field"] for error in answer.json()["errors"]]
    after = Account.objects.get(external_id="acme")
    assert before.updated_at == after.updated_at


def test_contact_details_are_for_those_with_the_right(company, contact):
    url = f"/api/v1/contacts/{contact.pk}/"
    assert as_(company["agent"]).get(url).json()["email"] == "mia@acme.example"
    bare = as_(company["integrator"]).get(url).json()
    assert bare["name"] == "Mia Sand"
    assert "email" not in bare
    assert "phone" not in bare
    assert as_(company["agent"]).patch(url, {"name": "Mia"}).status_code == 403


def test_two_contacts_cannot_both_be_the_first_to_be_told(company):
    Contact.objects.filter(account__external_id="acme").delete()
    api = as_(company["integrator"])
    rows = [{"account": "acme", "name": name, "is_primary": True} for name in ("A", "B")]
    assert api.post("/api/v1/contacts/", rows[0]).status_code == 201
    refused = api.post("/api/v1/contacts/", rows[1])
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "unique")


def test_who_is_on_call_is_asked_for_any_instant(company, at):
    api = as_(company["governor"])
    url = "/api/v1/rosters/primary/on-call/"
    week = [
        api.get(url, {"at": (at + timedelta(days=days)).isoformat()}).json()["person"]
        for days in (0, 7, 14)
    ]
    assert set(week) == {"agent", "agent2"}
    assert week[0] == week[2] != week[1]
    assert api.get(url, {"at": "2026-11-17T10:00:00"}).json()["code"] == "naive_time"
    assert api.get(url, {"at": "tuesday"}).json()["code"] == "bad_time"


@pytest.mark.parametrize("noun", ["accounts", "contacts", "people", "teams", "rosters"])
def test_a_list_costs_the_same_for_few_and_for_many(company, contact, noun):
    api = as_(company["governor"])

    def cost() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        api.get(f"/api/v1/{noun}/")  # what a process keeps is kept again
        with CaptureQueriesContext(connection) as queries:
            assert api.get(f"/api/v1/{noun}/").status_code == 200
        return len(queries)

    before = cost()
    many_of(noun)
    assert cost() == before


def many_of(noun: str) -> None:
    from accounts.models import Membership, Roster, Team, User

    users = User.objects.bulk_create(
        User(username=f"u{n}", email=f"u{n}@x.example") for n in range(30)
    )
    if noun in ("accounts", "contacts"):
        accounts = Account.objects.bulk_create(
            Account(external_id=f"x{n}", name=f"X {n}", owner=users[n]) for n in range(30)
        )
        Contact.objects.bulk_create(Contact(account=a, name=f"C of {a}") for a in accounts)
    teams = Team.objects.bulk_create(Team(code=f"t{n}", name=f"T {n}") for n in range(30))
    first = Membership.objects.first()
    Membership.objects.bulk_create(
        Membership(team=team, user=user, valid_from=first.valid_from)
        for team, user in zip(teams, users, strict=True)
    )
    if noun == "rosters":
        Roster.objects.bulk_create(
            Roster(code=f"r{n}", name=f"R {n}", team=teams[n]) for n in range(30)
        )
