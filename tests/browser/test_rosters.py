"""Rosters, in light and dark, on a desk and on a phone."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from accounts.models import Layer, Roster
from accounts.services.rosters import record_absence, record_override
from accounts.services.swaps import ask_swap
from escalations.demo.rosters import tell_care
from tests.browser.conftest import LOOKS
from tests.factories.rosters import shifts_of

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SHOTS = os.environ.get("BELAY_SHOTS")


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


def shoot(screen, look, name):
    if SHOTS:
        for scheme in ("light", "dark"):
            screen.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            path = Path(SHOTS) / f"{name}-{scheme}-{look[1]}.png"
            screen.page.screenshot(path=str(path), full_page=True)


def test_the_week_of_a_roster_is_seen_and_acted_upon(screen, look, company, at, travel):
    travel.to(at)
    agent, agent2, duty = company["agent"], company["agent2"], company["duty"]
    tell_care(at)
    primary = Roster.objects.get(code="primary")
    record_override(primary, duty, at + 9 * HOUR, at + 20 * HOUR, by=duty, at=at, reason="Dentist")
    for person in (agent, agent2):
        record_absence(person, at + 2 * DAY, at + 2.5 * DAY, by=person, at=at)
    mine, theirs = shifts_of(agent, primary, at), shifts_of(agent2, primary, at)
    ask_swap(primary, theirs[0], mine[0], by=agent2, at=at, reason="A wedding")
    Layer.objects.filter(version__roster__code="growth").update(
        restrict={day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    )
    screen.sign_in("agent")
    screen.open("/rosters/")
    screen.hold()
    shoot(screen, look, "rosters")
    screen.page.click("#calendar button")
    assert "/calendars/" in screen.page.input_value("#calendar-address")
    screen.open("/rosters/care/")
    screen.hold()
    shoot(screen, look, "care")
    screen.open("/rosters/growth/")
    screen.hold()
    shoot(screen, look, "growth")
    screen.open("/rosters/primary/")
    screen.hold()
    shoot(screen, look, "primary")
    screen.page.click("text=Accept")
    screen.page.wait_for_selector("text=Swapped.")
