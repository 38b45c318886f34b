"""The timeline as people read it: who speaks, what is folded, what is new, and who else is here."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Team
from escalations.models import TimelineEvent, Visit
from escalations.rules.folding import Voice, folded
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from tests.factories.incidents import MAJOR, open_incident

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def reading(company, travel):
    """`reading("agent")` opens pages as that person."""
    clients = {}

    def as_person(name):
        if name not in clients:
            clients[name] = Client()
            clients[name].force_login(company[name])
        return clients[name]

    return as_person


@pytest.fixture
def incident(company, at):
    return open_incident(at, severity_hint="critical", facts=MAJOR)


def neglected(incident, at, count):
    """Pages and missed updates in turn, for weeks, as the sweep writes them."""
    begin = TimelineEvent.objects.filter(incident=incident).count() + 1
    TimelineEvent.objects.bulk_create(
        TimelineEvent(
            incident=incident,
            seq=begin + place,
            kind="clock_miss" if place % 3 == 2 else "ladder_fallback",
            at=at + place * MINUTE,
            recorded_at=at + place * MINUTE,
            sentence=f"Nobody answered {place}.",
        )
        for place in range(count)
    )


def page(client, incident, query=""):
    answer = client.get(f"/incidents/{incident.number}/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def poll(client, incident, query="version=0"):
    return client.get(f"/incidents/{incident.number}/timeline/?{query}")


def test_people_machine_and_customer_are_told_apart_by_a_word(reading, company, incident, at):
    perform(incident.number, Verb.NOTE, {"text": "I look."}, by=company["agent"], at=at)
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=company["agent"], at=at)
    perform(incident.number, Verb.UPDATE, {"text": "We are on it."}, by=company["agent"], at=at)
    html = page(reading("agent"), incident)
    assert 'class="is-people"' in html
    assert 'class="is-machine"' in html
    assert 'class="is-customer is-public"' in html
    assert f'<span class="vh">Person: </span>{company["agent"]}' in html
    assert '<span class="vh">Belay: </span>Belay' in html
    assert "Customers saw this" in html


@pytest.mark.parametrize(
    ("show", "seen", "left_out"),
    [
        ("people", "I look.", "We are on it."),
        ("customer", "We are on it.", "I look."),
        ("machine", "is-machine", "I look."),
        ("nonsense", "I look.", "no such sentence"),
    ],
)
def test_a_filter_shows_one_voice(reading, company, incident, at, show, seen, left_out):
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=company["agent"], at=at)
    perform(incident.number, Verb.NOTE, {"text": "I look."}, by=company["agent"], at=at)
    perform(incident.number, Verb.UPDATE, {"text": "We are on it."}, by=company["agent"], at=at)
    html = poll(reading("agent"), incident, f"version=0&show={show}").content.decode()
    assert seen in html
    assert left_out not in html


def test_a_run_of_the_machine_stands_under_one_line(reading, incident, at):
    neglected(incident, at, 30)
    html = poll(reading("agent"), incident).content.decode()
    assert html.count('class="event fold"') >= 1
    assert "20 × page of the fallback, 10 × missed update" in html
    assert "Nobody answered 17." in html, "folded, not left out: find-in-page reaches it"


@pytest.mark.parametrize(
    ("kinds", "groups"),
    [
        (["signal"] * 2, [1, 1]),
        (["signal"] * 3, [3]),
        (["ladder_page", "clock_miss", "ladder_fallback"], [3]),
        (["signal", "signal", "clock_breach", "signal", "signal"], [1, 1, 1, 1, 1]),
        (["clock_breach"] * 4, [1, 1, 1, 1]),
        (["signal"] * 3 + ["facts"] * 3, [3, 3]),
        ([], []),
    ],
)
def test_what_folds(kinds, groups):
    found = folded(kinds, voice=lambda kind: Voice.MACHINE, kind=lambda kind: kind)
    assert [len(group) for group in found] == groups


def test_what_people_say_is_never_folded():
    found = folded(["note"] * 9, voice=lambda kind: Voice.PEOPLE, kind=lambda kind: kind)
    assert len(found) == 9


def test_weeks_of_neglect_make_a_page_of_eighty_and_a_way_to_the_rest(reading, incident, at):
    neglected(incident, at, 2000)
    client = reading("agent")
    first = poll(client, incident)
    html = first.content.decode()
    assert html.count("Nobody answered") == 80
    assert len(first.content) < 120_000
    last = TimelineEvent.objects.filter(incident=incident).count()
    assert f"before={last - 79}" in html
    older = page(client, incident, f"?before={last - 79}")
    assert "Nobody answered 1919." in older
    assert "Nobody answered 1920." not in older
    assert "Back to the newest" in older


def test_a_long_timeline_costs_as_many_queries_as_a_short_one(reading, incident, at):
    client = reading("agent")
    poll(client, incident)
    with CaptureQueriesContext(connection) as short:
        poll(client, incident)
    neglected(incident, at, 900)
    with CaptureQueriesContext(connection) as long:
        poll(client, incident)
    assert len(long) == len(short)


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=99999999999999", "show=%00"])
def test_a_wrong_address_shows_the_newest(reading, incident, query):
    assert poll(reading("agent"), incident, f"version=0&{query}").status_code == 200


def test_who_comes_back_reads_what_they_missed(reading, company, incident, travel, at):
    agent = reading("agent")
    html = page(agent, incident)
    assert "since your last visit" not in html, "a first visit misses nothing"
    travel.to(at + 2 * MINUTE)
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=company["duty"], at=at)
    assert "since your last visit" not in page(agent, incident), "two minutes are one visit"
    later = at + timedelta(hours=2)
    perform(incident.number, Verb.MITIGATE, {"plan": "Roll back."}, by=company["duty"], at=later)
    perform(incident.number, Verb.UPDATE, {"text": "Soon."}, by=company["duty"], at=later)
    travel.to(later)
    html = page(agent, incident)
    assert "New since your last visit 1 h 58 min ago" in html
    assert "1 change of state: acknowledged to mitigating" in html
    assert "1 message to the customer" in html
    assert html.index("Soon.") < html.index('id="read-before"')
    travel.to(later + MINUTE)
    assert "1 message to the customer" in page(agent, incident), "a reload is the same visit"
    travel.to(later + timedelta(minutes=30))
    assert "since your last visit" not in page(agent, incident), "all of it was read"


def test_ones_own_deeds_are_not_missed(reading, company, incident, travel, at):
    page(reading("agent"), incident)
    later = at + timedelta(hours=1)
    perform(incident.number, Verb.NOTE, {"text": "From the train."}, by=company["agent"], at=later)
    travel.to(later)
    assert 'class="missed"' not in page(reading("agent"), incident)


def test_the_mark_is_written_at_most_once_in_thirty_seconds(reading, incident, travel, at):
    client = reading("agent")
    page(client, incident)
    travel.to(at + timedelta(seconds=29))
    page(client, incident)
    assert Visit.objects.get().last_at == at
    travel.to(at + timedelta(seconds=31))
    with CaptureQueriesContext(connection) as told:
        page(client, incident)
    assert Visit.objects.get().last_at == at + timedelta(seconds=31)
    assert not [each for each in told if "FOR" in each["sql"] and "UPDATE" in each["sql"][-30:]]


def test_a_tab_that_nobody_looks_at_leaves_no_mark(reading, incident, travel, at):
    client = reading("agent")
    page(client, incident)
    travel.to(at + timedelta(hours=1))
    poll(client, incident, "version=0&away=1")
    assert Visit.objects.get().last_at == at


def test_who_else_is_looking_is_named_until_they_are_gone(reading, company, incident, travel, at):
    page(reading("duty"), incident)
    html = page(reading("agent"), incident)
    assert f"Also here: {company['duty']}" in html
    travel.to(at + timedelta(seconds=91))
    assert "Also here" not in page(reading("agent"), incident)


def test_a_poll_answers_when_somebody_comes_though_nothing_happened(reading, incident, at):
    agent = reading("agent")
    html = page(agent, incident)
    token = html.split("with=")[1].split('"')[0]
    same = f"version={incident.version}&with={token}"
    assert poll(agent, incident, same).status_code == 204
    page(reading("duty"), incident)
    assert poll(agent, incident, same).status_code == 200


def test_nobody_learns_who_reads_a_private_incident(reading, company, incident, at):
    team = Team.objects.create(code="quiet", name="Quiet", is_private=True)
    Membership.objects.create(team=team, user=company["senior"], valid_from=at)
    incident.responders.all().delete()
    type(incident).objects.filter(pk=incident.pk).update(team=team, commander=None)
    page(reading("senior"), incident)
    assert poll(reading("agent2"), incident).status_code == 404
    assert Visit.objects.count() == 1, "who may not look leaves no mark"


def test_a_note_is_struck_out_by_its_writer_and_stays(reading, company, incident, at):
    perform(incident.number, Verb.NOTE, {"text": "It is DNS."}, by=company["agent"], at=at)
    seq = TimelineEvent.objects.get(incident=incident, kind="note").seq
    url = f"/incidents/{incident.number}/notes/{seq}/withdraw/"
    assert reading("agent2").post(url, {"reason": "No."}).status_code == 403
    answer = reading("agent").post(url, {"reason": ""}, follow=True)
    assert "Say why" in answer.content.decode()
    reading("agent").post(url, {"reason": "It was not DNS."})
    html = page(reading("agent2"), incident)
    assert "It is DNS." in html
    assert "It was not DNS." in html
    assert TimelineEvent.objects.get(incident=incident, kind="note").sentence == "It is DNS."
    again = reading("agent").post(url, {"reason": "Again."}, follow=True)
    assert "withdrawn before" in again.content.decode()
