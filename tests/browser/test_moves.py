"""Hand-offs, merges, causes and maintenance, in both looks on a desk and a phone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalations.models import ClockMark, Incident
from escalations.rules.lifecycle import Verb
from escalations.services.maintenance import declare
from escalations.services.moves import perform
from tests.browser.conftest import LOOKS
from tests.factories.incidents import open_incident

CORE = {"core_down_no_workaround": True}


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


def test_a_hand_off_is_offered_and_accepted(screen, company, at):
    incident = open_incident(at, facts=CORE)
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=company["agent"], at=at)
    perform(incident.number, Verb.MITIGATE, {"plan": "Roll back."}, by=company["agent"], at=at)
    clock = incident.clocks.get(kind="response")
    ClockMark.objects.create(clock=clock, kind="breach", due_at=at, recorded_at=at, cause="no_ack")
    screen.sign_in("agent")
    screen.open(f"/incidents/{incident.number}/")
    page = screen.page
    page.locator("#actions a", has_text="Hand off").click()
    form = page.locator("#act-hand-off")
    form.get_by_label("To optional").select_option("agent2")
    for label in ("What happened", "Where it stands", "Risks", "Next step"):
        form.get_by_label(label, exact=True).fill("Nothing more to say.")
    form.get_by_label("Who takes it").select_option("agent2")
    form.get_by_label("Until (UTC)").fill("2026-11-17T12:00")
    form.get_by_role("button", name="Hand off").click()
    page.get_by_text("offered, it stays yours").wait_for()
    page.get_by_text("Why late: Nobody acknowledged").click()
    screen.hold()
    page.context.clear_cookies()
    screen.sign_in("agent2")
    screen.open(f"/incidents/{incident.number}/")
    screen.hold()
    page.get_by_role("button", name="Accept hand-off").click()
    page.get_by_text("is yours now").wait_for()
    assert Incident.objects.get(pk=incident.pk).commander == company["agent2"]


def test_a_merge_shows_on_both(screen, company, at):
    first, later = (open_incident(at, key, facts=CORE) for key in ("first", "later"))
    given = {"into": later.number, "reason": "One outage."}
    screen.sign_in("duty")
    screen.open(f"/incidents/{first.number}/")
    screen.page.locator("#links a", has_text="Merge into another").click()
    screen.hold()
    perform(first.number, Verb.MERGE, given, by=company["duty"], at=at)
    for number in (first.number, later.number):
        screen.open(f"/incidents/{number}/")
        screen.hold()


def test_windows_are_listed_and_declared(screen, company, at):
    screen.sign_in("duty")
    screen.open("/maintenance/")
    assert screen.page.get_by_text("No window is set.").is_visible()
    screen.hold()
    given = {"reason": "Move", "source": "pager", "ends_at": at + timedelta(hours=1)}
    declare(given, by=company["duty"], at=at)
    for path in ("/maintenance/", "/maintenance/new/", "/"):
        screen.open(path)
        screen.hold()
    screen.open("/maintenance/new/")
    screen.page.get_by_role("button", name="Set the window").click()
    screen.page.get_by_label("Reason").fill("Again")
    screen.page.get_by_role("button", name="Set the window").click()
    screen.page.get_by_text("Name what it covers").wait_for()
    screen.complaints.clear()  # the browser tells of the refused form
    screen.hold()
