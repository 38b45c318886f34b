"""My shift: what one person owns, when they are on call, and what waits for their word."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Roster, Team
from accounts.services.rosters import record_override
from escalations.models import Incident, PostIncidentReview
from escalations.rules.lifecycle import Verb
from escalations.selectors.my_shift import DutyRow, _hours
from escalations.services.action_items import add_action
from escalations.services.moves import perform
from tests.escalations.views.test_kpis import send
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.readers import warmed
from tests.factories.reviews import resolve
from tests.stories.test_handoffs import packet

HOUR = timedelta(hours=1)


@pytest.fixture
def as_(client, company, travel):
    def sign_in(name):
        client.force_login(company[name])
        return client

    return sign_in


def shift(client):
    return client.get("/my-shift/").context["page"]


def claimed(at, by, key="capture", **more):
    incident = open_incident(at, key, **more)
    return perform(incident.number, Verb.CLAIM, {"take_over": True}, by=by, at=at)


def test_nothing_to_do_says_what_would_stand_here(as_):
    answer = as_("sponsor").get("/my-shift/")
    page = answer.context["page"]
    assert (page.owned, page.handoffs, page.due, page.duty) == ((), (), (), ())
    for sentence in ("You own nothing that is open", "Reviews you lead", "Who is on call"):
        assert sentence in answer.text


def test_what_i_own_comes_with_its_next_deadline_and_others_do_not(as_, company, at):
    mine = claimed(at, company["agent"])
    other = claimed(at, company["agent2"], "other")
    answer = as_("agent").get("/my-shift/")
    page = answer.context["page"]
    assert [row.incident for row in page.owned] == [mine]
    assert page.owned[0].clock.status == "on_track" and page.load.open_count == 1
    assert mine.key in answer.text and other.key not in answer.text


def test_a_handoff_waits_for_who_is_asked_and_shows_at_who_offered_it(as_, company, at):
    mine = claimed(at, company["agent"])
    given = packet(at, to_person="agent2") | {"next_step_due_at": at + HOUR}
    perform(mine.number, Verb.HAND_OFF, given, by=company["agent"], at=at)
    asked = shift(as_("agent2"))
    assert [row.handoff.incident for row in asked.handoffs] == [mine] and asked.sent == ()
    offered = shift(as_("agent"))
    assert [row.handoff.incident for row in offered.sent] == [mine] and offered.handoffs == ()
    assert shift(as_("senior")).handoffs == ()


def test_my_hours_on_call_are_those_of_the_next_seven_days(as_, company, at):
    before = shift(as_("senior")).load.hours_ahead
    primary = Roster.objects.get(code="primary")
    start, end = at + 24 * HOUR, at + 30 * HOUR
    record_override(primary, company["senior"], start, end, by=company["governor"], at=at)
    page = shift(as_("senior"))
    assert (start, end) in [(row.start, row.end) for row in page.duty]
    assert all(at <= row.start < row.end <= at + 7 * 24 * HOUR for row in page.duty)
    assert page.load.hours_ahead >= before


def test_hours_in_two_rosters_at_once_count_once(at):
    rows = [(0, 8), (2, 4), (6, 10), (20, 21)]
    duty = tuple(DutyRow("r", "", at + a * HOUR, at + b * HOUR, False) for a, b in rows)
    assert _hours(duty) == 11.0


def test_reviews_i_lead_and_actions_i_own_or_verify_are_due(as_, company, at):
    incident = open_incident(at, facts=MAJOR, severity_hint="critical")
    resolve(incident, by=company["agent"], at=at)
    PostIncidentReview.objects.update(facilitator=company["duty"])
    asked = {
        "title": "Alarm on captures",
        "kind": "detect",
        "owner": "agent2",
        "verifier": "senior",
        "verification_method": "Drop the rate and see the page.",
    }
    add_action(incident.number, asked, by=company["duty"], at=at)
    assert incident.key in shift(as_("duty")).due[0].title
    assert [row.what for row in shift(as_("agent2")).due] == ["Action"]
    assert [row for row in shift(as_("senior")).due if row.what.startswith("Action")] == []


def test_a_kpi_of_mine_that_is_off_stands_there(as_, at):
    send(at, [2.4] * 4)
    (row,) = shift(as_("kpi-owner")).kpis
    assert row.state.label == "Breach"
    assert shift(as_("agent")).kpis == ()


def test_what_i_may_not_see_is_not_on_my_shift(as_, company, at):
    mine = claimed(at, company["agent"])
    team = Team.objects.create(code="quiet", name="Quiet", is_private=True)
    Incident.objects.get(pk=mine.pk).responders.all().delete()
    Incident.objects.filter(pk=mine.pk).update(team=team)
    assert shift(as_("agent")).owned == ()


def test_it_costs_the_same_for_few_and_for_many(as_, company, at):
    reader, me = as_("agent"), company["agent"]
    claimed(at, me)
    warmed(reader, "/my-shift/")
    with CaptureQueriesContext(connection) as few:
        reader.get("/my-shift/")
    for place in range(8):
        incident = claimed(at, me, f"more-{place}")
        if place % 2:
            given = packet(at, to_person="agent2") | {"next_step_due_at": at + HOUR}
            perform(incident.number, Verb.HAND_OFF, given, by=me, at=at)
    warmed(reader, "/my-shift/")
    with CaptureQueriesContext(connection) as many:
        page = reader.get("/my-shift/").context["page"]
    assert len(page.owned) == 9 and len(page.sent) == 4
    assert len(many) == len(few) <= 24
