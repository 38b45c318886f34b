"""Several incidents at once, and the end of a shift, over the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalations.models import Handoff, Incident
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from tests.factories.incidents import MAJOR, open_incident

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_that_time(travel):
    """Pages live at `at`."""


@pytest.fixture
def three(company, at):
    return [open_incident(at, f"k{n}", account="", facts=MAJOR) for n in range(3)]


def said(page):
    return [str(message) for message in page.context["messages"]]


def together(client, verb, incidents, **more):
    given = {"verb": verb, "number": [each.number for each in incidents], **more}
    return client.post("/queue/together/", given, follow=True)


def owned(company, incidents, at):
    for each in incidents:
        perform(each.number, Verb.CLAIM, {"take_over": True}, by=company["agent"], at=at)


def test_each_is_answered_on_its_own(client, company, three, at):
    perform(three[1].number, Verb.CLAIM, {"take_over": True}, by=company["duty"], at=at)
    client.force_login(company["agent"])
    page = together(client, "claim", three, next="/?sort=oldest")
    assert page.request["QUERY_STRING"] == "sort=oldest"
    assert said(page)[0].startswith(f"Claimed: 2 done, 1 refused. {three[1].key}: ")
    assert str(company["duty"]) in said(page)[0]
    owners = list(Incident.objects.order_by("number").values_list("commander__username", flat=True))
    assert owners == ["agent", "duty", "agent"]


def test_escalating_several_asks_for_the_reason_once(client, company, three):
    client.force_login(company["agent"])
    together(client, "escalate", three, reason="")
    assert not Incident.objects.filter(ladder_runs__level__gt=1).exists()
    page = together(client, "escalate", three, reason="Nobody answers")
    assert said(page) == ["Escalated: 3 done."]
    for each in three:
        assert each.timeline.filter(reason="Nobody answers").exists()


def test_odd_selections_are_answered(client, company, three):
    client.force_login(company["agent"])
    assert said(together(client, "claim", [])) == ["Choose incidents first."]
    assert client.post("/queue/together/", {"verb": "close", "number": "1"}).status_code == 404
    given = {"verb": "claim", "number": ["x", "²", "9" * 30, "-1", "99999999"]}
    page = client.post("/queue/together/", given | {"next": "https://elsewhere.example/"})
    assert page["Location"] == "/"
    client.force_login(company["sponsor"])
    page = together(client, "claim", three)
    assert "0 done, 3 refused" in said(page)[-1]


def test_what_was_offered_to_somebody_is_taken_back_by_one_button(client, company, three, at):
    owned(company, three, at)
    client.force_login(company["agent"])
    page = together(client, "hand-off", three[:2], to_person="agent2")
    assert said(page) == ["Offered, yours until accepted: 2 done."]
    undo = f"/queue/together/{three[0].number}-{three[1].number}/undo/"
    assert f'action="{undo}"' in page.content.decode()
    assert Handoff.objects.pending().count() == 2
    client.force_login(company["agent2"])
    assert "0 done, 2 refused" in said(client.post(undo, follow=True))[0]
    client.force_login(company["agent"])
    assert said(client.post(undo, follow=True)) == ["Offer taken back: 2 done."]
    assert not Handoff.objects.pending().exists()


def test_a_shift_is_handed_over_with_notes_and_taken_over_by_one_click(client, company, three, at):
    owned(company, three, at)
    note = {"text": "The vendor calls back at noon."}
    perform(three[0].number, Verb.NOTE, note, by=company["agent"], at=at)
    client.force_login(company["agent"])
    page = client.get("/my-shift/hand-over/")
    assert page.status_code == 200
    given = {"number": [each.number for each in three[:2]], "to_person": "agent2"}
    given[f"note-{three[0].number}"] = "Call the vendor."
    answer = client.post("/my-shift/hand-over/", given, follow=True)
    assert said(answer) == ["Offered, yours until accepted: 2 done."]
    packet = Handoff.objects.get(incident=three[0])
    assert (packet.next_step, packet.next_step_owner) == ("Call the vendor.", company["agent2"])
    assert packet.next_step_due_at >= at + timedelta(hours=1)
    assert packet.summary and packet.status and packet.risks
    assert Handoff.objects.get(incident=three[1]).next_step
    assert Incident.objects.filter(commander=company["agent"]).count() == 3
    assert "Offered to" in client.get("/my-shift/hand-over/").content.decode()
    client.force_login(company["agent2"])
    answer = client.post("/my-shift/accept-all/", follow=True)
    assert said(answer) == ["Taken over: 2 done."]
    assert Incident.objects.filter(commander=company["agent2"]).count() == 2
    assert Incident.objects.get(pk=three[2].pk).commander == company["agent"]


def test_a_hand_over_names_incidents_and_a_person_who_can_work(client, company, three, at):
    owned(company, three, at)
    client.force_login(company["agent"])
    answer = client.post("/my-shift/hand-over/", {"number": [three[0].number]}, follow=True)
    assert said(answer) == ["Choose incidents, and who takes them."]
    given = {"number": [three[0].number], "to_person": "sponsor"}
    answer = client.post("/my-shift/hand-over/", given, follow=True)
    assert "0 done, 1 refused" in said(answer)[0]


def test_thirty_incidents_are_handed_over_by_a_page_of_as_many_queries(
    client, company, at, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    owned(company, [open_incident(at, "first", account="")], at)
    client.force_login(company["agent"])
    client.get("/my-shift/hand-over/")
    with CaptureQueriesContext(connection) as seen:
        client.get("/my-shift/hand-over/")
        few = len(seen)
    owned(company, [open_incident(at, f"n{n}", account="") for n in range(7)], at)
    client.get("/my-shift/hand-over/")
    with django_assert_num_queries(few):
        client.get("/my-shift/hand-over/")
