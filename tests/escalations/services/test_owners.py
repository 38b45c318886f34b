"""Somebody leaves: no sign-in, no roster, no page, and no incident left without a word."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts.models import Membership, Roster, User
from accounts.selectors.rosters import on_call
from accounts.services.people import deactivate, reactivate
from config.lib.errors import DomainError
from escalations.models import Incident, Notice
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from escalations.services.owners import release_incidents_of
from tests.factories.incidents import MAJOR, open_incident


def leave(company, name, at):
    deactivate(company[name], by=company["governor"], at=at, reason="left the company")
    person = User.objects.get(username=name)
    release_incidents_of(person, at=at)
    return person


def test_who_left_can_neither_sign_in_nor_go_on(company, client, at):
    client.force_login(company["agent"])
    _, token = AuthToken.objects.create(user=company["agent"])
    api = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert client.get("/").status_code == 200
    assert api.get("/api/v1/incidents/").status_code == 200
    leave(company, "agent", at)
    assert client.get("/").status_code == 302
    assert api.get("/api/v1/incidents/").status_code == 401
    assert not Membership.objects.filter(user=company["agent"], valid_to=None).exists()


def test_who_left_is_off_every_roster_from_that_instant_and_not_before(company, at):
    roster = Roster.objects.get(code="growth")
    assert on_call(roster, at).person == company["kpi-owner"].pk
    leave(company, "kpi-owner", at)
    assert on_call(roster, at).is_gap
    assert on_call(roster, at + timedelta(days=30)).is_gap
    before = at - timedelta(minutes=1)
    assert on_call(roster, before).person == company["kpi-owner"].pk


def test_their_incidents_have_no_owner_and_climb_again(company, at):
    incident = open_incident(at, severity_hint="critical", facts=MAJOR)
    perform(incident.number, Verb.ACKNOWLEDGE, {}, by=company["agent"], at=at)
    later = at + timedelta(minutes=3)
    leave(company, "agent", later)
    incident.refresh_from_db()
    assert (incident.commander, incident.accepted_at) == (None, None)
    run = incident.ladder_runs.get(state="active")
    assert run.started_at == later
    assert not Notice.objects.pending().filter(recipient=company["agent"]).exists()
    assert release_incidents_of(company["agent"], at=later) == 0

    perform(incident.number, Verb.CLAIM, {}, by=company["agent2"], at=later)
    run.refresh_from_db()
    assert run.state == "halted", "an answer stops the ladder, whatever the state"


def test_an_owner_who_answers_after_a_silence_stops_the_ladder_again(company, travel, at):
    from escalations.tasks.schedule import sweep

    incident = open_incident(at, severity_hint="critical", facts=MAJOR)
    perform(incident.number, Verb.ACKNOWLEDGE, {}, by=company["agent"], at=at)
    silent = at + timedelta(minutes=31)
    sweep(silent)
    assert incident.ladder_runs.get().state == "active"
    perform(incident.number, Verb.ACKNOWLEDGE, {}, by=company["agent"], at=silent)
    assert incident.ladder_runs.get().state == "halted"


def test_nobody_deactivates_themselves_or_without_a_reason(company, at):
    with pytest.raises(DomainError) as error:
        deactivate(company["governor"], by=company["governor"], at=at, reason="tired")
    assert error.value.code == "own_account"
    with pytest.raises(DomainError) as error:
        deactivate(company["agent"], by=company["governor"], at=at, reason=" ")
    assert error.value.code == "reason_missing"


def test_who_comes_back_signs_in_and_is_in_no_team(company, at):
    person = leave(company, "agent", at)
    with pytest.raises(IntegrityError, match="user_left"), transaction.atomic():
        User.objects.filter(pk=person.pk).update(is_active=True)
    reactivate(person, by=company["governor"], at=at, reason="came back")
    person.refresh_from_db()
    assert person.is_active
    assert person.left_at is None
    assert not person.memberships.filter(valid_to=None).exists()
    history = person.history.first()
    assert (history.history_user, history.history_change_reason) == (
        company["governor"],
        "came back",
    )


def test_the_governance_page_uses_the_same_verb(company, client, at):
    incident = open_incident(at)
    Incident.objects.filter(pk=incident.pk).update(commander=company["agent2"], accepted_at=at)
    client.force_login(company["governor"])
    person = company["agent2"]
    url = f"/admin/accounts/user/{person.pk}/change/"
    form = client.get(url).context["adminform"].form
    data = {name: form.initial.get(name) or "" for name in form.fields}
    data |= {"change_reason": "gone", "groups": [g.pk for g in person.groups.all()]}
    data |= {"date_joined_0": "", "date_joined_1": ""}
    data.pop("is_active", None)
    data.pop("is_staff", None)
    answer = client.post(url, {k: v for k, v in data.items() if v is not None}, follow=True)
    assert answer.status_code == 200
    person.refresh_from_db()
    assert not person.is_active, answer.context.get("errors")
    assert person.left_at is not None
