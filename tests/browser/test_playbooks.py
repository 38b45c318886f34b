"""The library, a playbook, a run and the incident's card, in both looks on a desk and a phone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalations.services.playbooks import start
from playbooks.models import PlaybookRun
from tests.browser.conftest import LOOKS
from tests.factories.incidents import MAJOR, open_incident

CARDS = {"product_area": "cards", "category": "outage"}


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


@pytest.fixture
def incident(screen, at):
    return open_incident(at, severity_hint="critical", facts=MAJOR, **CARDS)


def begin(company, at, incident=None, code="payment-outage", who="agent"):
    number = incident.number if incident else None
    return start(code, {}, by=company[who], at=at, incident=number)


def test_the_library_and_a_search_that_finds_nothing(screen, incident, company, at):
    begin(company, at, incident)
    screen.sign_in("agent")
    screen.open("/playbooks/?q=nothing+like+it")
    assert screen.page.get_by_text("No playbook fits this search.").is_visible()
    screen.hold()
    screen.page.get_by_role("link", name="Clear the search").click()
    screen.page.get_by_role("link", name="Payment outage").wait_for()
    screen.hold()


def test_a_playbook(screen, incident, company, at):
    begin(company, at, incident)
    screen.sign_in("senior")
    screen.open("/playbooks/payment-outage/")
    screen.page.evaluate(
        "document.querySelectorAll('aside details').forEach(d => { d.open = true })"
    )
    screen.hold()


def test_a_run_waits_for_approval_and_is_worked_to_its_outcome(screen, company, at, travel):
    run = begin(company, at, code="checkout-conversion-drop")
    screen.sign_in("duty")
    screen.open(f"/playbooks/runs/{run.pk}/")
    screen.hold()
    screen.page.get_by_role("button", name="Approve the run").click()
    screen.page.get_by_text("Approved: the run is on.").wait_for()
    clock = screen.page.locator("[data-clock='Step 1'] [data-text]")
    assert "min left" in clock.inner_text() or ":" in clock.inner_text()
    screen.hold()
    screen.page.fill("[name=note] >> nth=0", "Payment loses 30 %")
    screen.page.get_by_role("button", name="Step 1 is done").click()
    screen.page.get_by_text("Step 1 is done.", exact=True).wait_for()
    screen.page.get_by_text("Skip this step").click()
    screen.page.fill("#skip-2", "One release only")
    screen.page.get_by_role("button", name="Skip step 2").click()
    screen.page.get_by_text("Step 2 is skipped.").wait_for()
    screen.page.evaluate(
        "document.querySelectorAll('.run-end details').forEach(d => { d.open = true })"
    )
    screen.hold()
    screen.page.select_option("#outcome", "no_effect")
    screen.page.get_by_role("button", name="Record the outcome").click()
    screen.page.get_by_text("The outcome is recorded.").wait_for()
    assert PlaybookRun.objects.get().outcome == "no_effect"
    screen.hold()


def test_a_time_box_that_passed_shows_late(screen, company, at, travel):
    run = begin(company, at)
    screen.sign_in("agent")
    travel.to(at + timedelta(minutes=7))
    screen.open(f"/playbooks/runs/{run.pk}/")
    screen.page.locator(".clock.is-late").wait_for()
    assert "late by 2:0" in screen.page.locator("[data-clock] [data-text]").inner_text()
    screen.hold()


def test_the_card_of_an_incident_proposes_starts_and_becomes_a_checklist(screen, incident):
    screen.sign_in("agent")
    screen.open(f"/incidents/{incident.number}/")
    card = screen.page.locator("#playbook")
    assert card.get_by_text("because the category is outage").is_visible()
    card.locator("summary").first.click()
    screen.hold()
    card.get_by_role("button", name="Start Payment outage").click()
    screen.page.get_by_text("Started.", exact=True).wait_for()
    card.get_by_role("button", name="Step 1 is done").click()
    screen.page.get_by_text("Step 1 is done.", exact=True).wait_for()
    assert screen.page.url.endswith("#playbook"), "the reader keeps the place"
    screen.page.evaluate("scrollTo(0, 0)")
    screen.hold()


def test_a_template_fills_the_composer(screen, incident):
    screen.sign_in("agent")
    screen.open(f"/incidents/{incident.number}/")
    screen.page.select_option("#template-update", "first-update:en")
    screen.page.locator("#update").get_by_role("button", name="Use").click()
    screen.page.wait_for_url("**template=first-update**")
    filled = screen.page.locator("#update textarea").input_value()
    assert filled.startswith("We see trouble with Trouble with capture")
    screen.hold()
