"""The pages people live in, in light and dark, on a desk and on a phone."""

from __future__ import annotations

import pytest

from escalations.models import Incident
from tests.browser.conftest import LOOKS
from tests.conftest import PASSWORD
from tests.factories.incidents import MAJOR, open_incident


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


@pytest.fixture
def incident(screen, at):
    open_incident(at, "csv", title="CSV export times out")
    return open_incident(at, severity_hint="critical", facts=MAJOR, category="outage")


def test_sign_in(screen):
    screen.open("/accounts/login/")
    screen.hold()
    screen.page.fill("[name=username]", "agent")
    screen.page.fill("[name=password]", "wrong")
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_selector("[role=alert]")
    screen.hold()
    screen.page.fill("[name=password]", PASSWORD)
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_selector("#queue")


def test_the_queue(screen, incident):
    screen.sign_in("agent")
    screen.open("/")
    first = screen.page.locator("[data-row]").first
    assert first.get_attribute("data-row") == str(incident.number)
    screen.hold()
    screen.open("/?clock=late&q=nothing")
    assert screen.page.get_by_text("No open incident fits these filters.").is_visible()
    screen.hold()


def test_claiming_from_the_queue_shows_at_once(screen, incident):
    screen.sign_in("duty")
    screen.open("/")
    screen.page.locator(f"#i{incident.number} [data-k=claim]").click()
    screen.page.wait_for_selector(f"#i{incident.number} .person:not(.is-asked)")
    assert "is yours" in screen.page.locator("#messages").inner_text()
    assert Incident.objects.get(pk=incident.number).commander.username == "duty"
    screen.hold()


def test_the_incident_page_and_a_form_on_it(screen, incident):
    screen.sign_in("duty")
    screen.open(f"/incidents/{incident.number}/")
    screen.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    screen.hold()
    screen.open(f"/incidents/{incident.number}/#act-escalate")
    screen.page.reload()
    form = screen.page.locator("#act-escalate")
    form.locator("[name=reason]").fill("Nobody answers")
    form.get_by_role("button", name="Escalate").click()
    screen.page.get_by_text("escalated, the next people are asked").wait_for()
    screen.hold()


def test_a_new_incident_is_previewed_while_typing_and_opened(screen):
    screen.sign_in("agent")
    screen.open("/incidents/new/")
    screen.page.fill("[name=title]", "Payouts are late")
    screen.page.select_option("[name=account]", "halden")
    screen.page.locator("#preview .score-sum").wait_for()
    screen.hold()
    screen.page.locator("#new-form button.primary").click()
    screen.page.get_by_text("is open.").wait_for()
    assert Incident.objects.get().title == "Payouts are late"
    screen.hold()
