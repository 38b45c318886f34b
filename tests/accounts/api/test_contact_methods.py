"""One's own ways to be reached, over HTTP."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import ContactMethod
from escalations.services.contact_codes import send_code
from tests.accounts.views.test_contact_methods import code_in

pytestmark = pytest.mark.django_db
URL = "/api/v1/contact-methods/"


@pytest.fixture
def agent(company, travel) -> APIClient:
    client = APIClient()
    client.force_authenticate(company["agent"])
    return client


def test_added_verified_put_first_and_withdrawn(agent, company, at, mailoutbox):
    made = agent.post(URL, {"kind": "email", "address": "night@people.example"}, format="json")
    assert made.status_code == 201 and made.json()["verified_at"] is None
    one = f"{URL}{made.json()['id']}/"
    send_code(made.json()["id"], at=at)
    code = code_in(mailoutbox[0].body)
    wrong = agent.post(f"{one}verify/", {"code": "12345x"}, format="json")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "code_wrong")
    right = agent.post(f"{one}verify/", {"code": code}, format="json")
    assert right.json()["verified_at"]
    assert agent.post(f"{one}make-first/").json()["position"] == 1
    assert [row["position"] for row in agent.get(URL).json()["results"]] == [1, 2]
    assert agent.post(f"{one}send-test/").status_code == 200
    assert agent.post(f"{one}withdraw/").status_code == 200
    assert agent.get(one).status_code == 404


def test_a_secret_is_in_the_answer_that_made_it_and_in_no_other(agent, company, at):
    asked = {"kind": "webhook", "address": "https://hooks.example/palemarten"}
    made = agent.post(URL, asked, format="json")
    secret = made.json()["secret"]
    assert secret.startswith("whsec_") and "palemarten" not in made.content.decode()
    one = f"{URL}{made.json()['id']}/"
    assert secret not in agent.get(one).content.decode() + agent.get(URL).content.decode()
    rotated = agent.post(f"{one}rotate-secret/").json()
    assert rotated["secret"] != secret and rotated["old_secret_until"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "webhook", "address": "https://127.0.0.1/x"}, "address_forbidden"),
        ({"kind": "apprise", "address": "file:///etc/passwd"}, "bad_address"),
        ({"kind": "email", "address": "nobody"}, "bad_address"),
        ({"kind": "pigeon", "address": "x"}, "invalid_choice"),
        ({"kind": "email", "address": "a@b.example", "verified_at": "now"}, "unknown_field"),
        ({"kind": "email"}, "required"),
    ],
)
def test_what_cannot_be_right_is_named(agent, body, code):
    answer = agent.post(URL, body, format="json")
    assert answer.status_code == 400 and answer.json()["errors"][0]["code"] == code


def test_too_many_codes_say_when_to_come_back(agent, company):
    made = agent.post(URL, {"kind": "email", "address": "night@people.example"}, format="json")
    one = f"{URL}{made.json()['id']}/send-code/"
    for _ in range(4):
        assert agent.post(one).status_code == 200
    answer = agent.post(one)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_often")
    assert answer["Retry-After"] == "3600"


def test_nobody_reads_or_changes_the_ways_of_somebody_else(agent, company):
    other = ContactMethod.objects.get(person=company["duty"])
    assert other.pk not in [row["id"] for row in agent.get(URL).json()["results"]]
    for part in ("withdraw/", "verify/", "make-first/", "send-code/"):
        answer = agent.post(f"{URL}{other.pk}/{part}")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_yours")


def test_a_list_costs_the_same_for_three_and_for_nine(
    agent, company, at, django_assert_num_queries
):
    def more(numbers):
        ContactMethod.objects.bulk_create(
            ContactMethod(
                person=company["agent"],
                kind="email",
                address=f"{n}@people.example",
                shown="x",
                created_at=at,
            )
            for n in numbers
        )

    more(range(2))
    agent.get(URL)
    with django_assert_num_queries(2):
        agent.get(URL)
    more(range(2, 8))
    with django_assert_num_queries(2):
        assert len(agent.get(URL).json()["results"]) == 9
