"""A machine whose clock is an hour behind: every instant that counts is the database's."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.services.roles import sync_roles
from config.lib.clock import now
from escalations.demo.company import tell_company
from escalations.models import Clock, Incident, LadderStep, Notice
from escalations.services.notices import deliver_due
from escalations.tasks.schedule import tick

pytestmark = pytest.mark.django_db
BACK = timedelta(hours=1)
FACTS = {"core_down_no_workaround": True, "users_pct": 35, "arr_at_risk": 420_000}


@pytest.fixture
def wrong_clock(monkeypatch):
    """Python's clock and Django's an hour behind the database's."""
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - BACK.total_seconds())
    monkeypatch.setattr(timezone, "now", lambda: datetime.now(UTC) - BACK)


def test_deadlines_pages_and_messages_follow_the_databases_clock(wrong_clock, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    began = now()
    assert began - timezone.now() > BACK - timedelta(minutes=1)
    sync_roles()
    people = tell_company(began)
    client = APIClient()
    client.force_authenticate(people["integrator"])
    body = {"source": "s", "dedup_key": "k", "title": "Down", "account": "northwind"}
    assert (
        client.post("/api/v1/signals/", body | {"facts": FACTS}, format="json").status_code == 201
    )
    incident = Incident.objects.get()
    late = timedelta(minutes=1)
    assert began <= incident.opened_at < began + late
    clock = Clock.objects.get(incident=incident, kind="response")
    assert began < clock.due_at < began + timedelta(minutes=6)
    step = LadderStep.objects.get()
    assert began <= step.at < began + late
    tick()
    assert deliver_due(now())[0] >= 1
    sent = Notice.objects.exclude(sent_at=None).values_list("sent_at", flat=True)
    assert all(began <= at < began + late for at in sent)
