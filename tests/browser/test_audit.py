"""The audit and the ways to be reached, in light and dark, on a desk and on a phone."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from escalations.models import LadderRun, Notice
from escalations.services.audit import audit
from tests.browser.conftest import LOOKS
from tests.factories.incidents import MAJOR, open_incident

SHOTS = os.environ.get("BELAY_SHOTS")


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


def shoot(screen, look, name):
    if SHOTS:
        path = Path(SHOTS) / f"{name}-{look[0]}-{look[1]}.png"
        screen.page.screenshot(path=str(path), full_page=True)


def test_what_is_wrong_with_the_house_is_read(screen, look, company, at, travel):
    travel.to(at + timedelta(minutes=3))
    screen.sign_in("duty")
    screen.open("/audit/")
    assert screen.page.get_by_text("Nobody has looked yet.").is_visible()
    incident = open_incident(at, facts=MAJOR, severity_hint="critical")
    Notice.objects.filter(kind="assigned").update(sent_at=at + timedelta(seconds=80))
    Notice.objects.filter(kind="page").update(cancelled_at=at)
    LadderRun.objects.update(next_step_at=None)
    audit(at + timedelta(minutes=2))
    screen.open("/audit/")
    assert screen.page.get_by_role("link", name=incident.key).first.is_visible()
    screen.hold()
    shoot(screen, look, "audit")


def test_ways_to_be_reached_are_added_and_proved(screen, look, company, at, travel):
    travel.to(at)
    screen.sign_in("agent")
    screen.open("/accounts/profile/")
    screen.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    screen.hold()
    shoot(screen, look, "profile")
