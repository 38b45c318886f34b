"""What the stories of an incident's room share."""

from __future__ import annotations

import pytest
from django.test import Client
from rest_framework.test import APIClient

from escalations.models import TimelineEvent
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from tests.factories.incidents import MAJOR, open_incident


@pytest.fixture
def acting(company, travel):
    """`acting("agent").post(...)` as that person."""

    def of(name):
        client = Client()
        client.force_login(company[name])
        return client

    return of


@pytest.fixture
def api(company, travel):
    def call(who, method, path, expect=200, **body):
        client = APIClient()
        client.force_authenticate(company[who])
        answer = getattr(client, method)(f"/api/v1/{path}", body, format="json")
        assert answer.status_code == expect, answer.json()
        return answer.json()

    return call


@pytest.fixture
def incident(company, at):
    incident = open_incident(at, severity_hint="critical", facts=MAJOR, category="outage")
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=company["agent"], at=at)
    return incident


def codes(answer):
    return {answer["code"]} | {each["code"] for each in answer.get("errors", [])}


def told(kind, incident):
    return list(
        TimelineEvent.objects.filter(incident=incident, kind=kind).values_list(
            "sentence", flat=True
        )
    )
