"""Rosters, in light and dark, on a desk and on a phone."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from accounts.models import Layer, Roster
from accounts.services.people import deactivate
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


def test_a_new_version_is_written_looked_at_and_published(screen, look, company, at, travel):
    travel.to(at)
    screen.sign_in("governor")
    screen.open("/rosters/primary/edit/")
    screen.hold()
    screen.page.click("text=Only at certain hours")
    for day in ("mon", "tue", "wed", "thu", "fri"):
        screen.page.fill(f"[name=layer-0-{day}]", "09:00-17:00")
    screen.page.click("text=Look at the next four weeks")
    screen.page.wait_for_selector("#look")
    screen.hold()
    shoot(screen, look, "edit")
    screen.page.check("[name=accept_gaps]")
    screen.page.click("button[name=publish]")
    screen.page.wait_for_selector("text=Version 2 is published.")


def test_gaps_of_all_rosters_and_ones_own_duty_are_seen(screen, look, company, at, travel):
    travel.to(at)
    deactivate(company["kpi-owner"], by=company["governor"], at=at, reason="Left")
    record_absence(company["duty"], at + DAY, at + 2 * DAY, by=company["duty"], at=at)
    screen.sign_in("duty")
    screen.open("/rosters/gaps/")
    screen.hold()
    shoot(screen, look, "gaps")
    screen.page.click(".roster-offers button")
    screen.page.wait_for_selector("text=stands in.")
    screen.open("/accounts/profile/")
    screen.hold()
    shoot(screen, look, "profile")
    screen.page.click("#calendar button")
    assert "/calendars/" in screen.page.input_value("#calendar-address")


def test_a_week_prints_on_paper(screen, look, company, at, travel):
    travel.to(at)
    screen.sign_in("agent")
    screen.open("/rosters/primary/")
    screen.page.emulate_media(media="print")
    assert screen.page.is_visible(".week-grid")
    assert not screen.page.is_visible(".roster-forms")
    if SHOTS:
        screen.page.screenshot(path=str(Path(SHOTS) / f"print-{look[1]}.png"), full_page=True)
