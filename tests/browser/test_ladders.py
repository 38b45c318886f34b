"""Who would be paged when, a ladder that is snoozed, and a storm: in both looks, desk and phone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalations.models import LadderRun, Storm
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from tests.browser.conftest import LOOKS
from tests.factories.incidents import MAJOR, open_incident


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


def test_the_ladder_of_a_night_is_asked_for(screen, company, at):
    screen.sign_in("duty")
    screen.open("/ladders/")
    screen.hold()
    screen.open("/ladders/?severity=2&at=2026-11-21T02:00")
    screen.page.get_by_text("sleeps until Sat 07:00 Europe/Paris").wait_for()
    screen.hold()
    screen.open("/ladders/?ladder=gone")
    screen.page.get_by_text("This version knows").wait_for()
    screen.hold()


def test_a_ladder_is_snoozed_and_says_that_it_was_shortened(screen, company, at, travel):
    incident = open_incident(at, facts=MAJOR)
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=company["agent"], at=at)
    screen.sign_in("agent")
    screen.open(f"/incidents/{incident.number}/")
    page = screen.page
    page.locator("#actions a", has_text="Snooze").click()
    form = page.locator("#act-snooze")
    form.get_by_label("Snooze until (UTC)").fill("2026-11-17T16:00")
    form.get_by_label("Reason").fill("The vendor calls back.")
    screen.hold()
    form.get_by_role("button", name="Snooze").click()
    page.get_by_text("shortened from 17 Nov 16:00").first.wait_for()
    screen.hold()
    run = LadderRun.objects.get(incident=incident)
    assert run.snoozed_until == at + timedelta(minutes=90)


def test_a_storm_is_told_on_the_queue_and_on_its_parts(screen, company, at):
    rows = [open_incident(at, f"k{i}") for i in range(12)]
    storm = Storm.objects.get()
    assert (storm.parent, rows[-1].held_by) == (rows[0], storm)
    screen.sign_in("agent")
    screen.open("/")
    screen.page.get_by_text("Storm, Northwind").wait_for()
    screen.hold()
    for row in (rows[0], rows[-1]):
        screen.open(f"/incidents/{row.number}/")
        screen.hold()
