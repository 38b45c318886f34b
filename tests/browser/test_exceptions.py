"""An exception is asked for, approved and owed; automation is paused, which every page says, and
ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalations.models import AutomationPause, PolicyException
from tests.browser.conftest import LOOKS
from tests.browser.test_governance import WCAG


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


def test_an_exception_and_a_pause_on_their_pages(screen, company, at):
    page = screen.page
    screen.sign_in("agent")
    screen.open("/exceptions/")
    screen.hold()
    page.get_by_role("link", name="Ask for one").click()
    page.get_by_label("Limited to").select_option("account")
    page.get_by_label("Customer").select_option("northwind")
    page.get_by_label("Promise").select_option("restore")
    page.get_by_label("Other target").fill("4 h")
    page.get_by_label("Why").fill("Their data centre moves to another town")
    page.get_by_label("Cost", exact=False).first.fill("1250.50")
    page.get_by_label("Currency").fill("EUR")
    page.get_by_label("Expires (UTC)").fill(f"{at + timedelta(days=9):%Y-%m-%dT%H:%M}")
    screen.hold()
    page.get_by_role("button", name="Ask").click()
    page.get_by_text("It counts once somebody else approves it.").wait_for()
    screen.hold()
    row = PolicyException.objects.get()
    screen.sign_in("governor")
    screen.open(f"/exceptions/{row.pk}/")
    screen.hold()
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("Approved.").wait_for()
    screen.hold()
    screen.open("/exceptions/")
    page.get_by_text("EUR 1,250.50").first.wait_for()
    screen.hold()

    screen.open("/automation/")
    screen.hold()
    page.get_by_role("link", name="Pause").click()
    page.get_by_label("Reason").fill("The feed repeats the figures of yesterday")
    page.get_by_label("Ends (UTC)").fill(f"{at + timedelta(hours=2):%Y-%m-%dT%H:%M}")
    screen.hold()
    page.get_by_role("button", name="Pause now").click()
    page.get_by_text("Every page says so until it ends.").wait_for()
    screen.hold()
    for path in ("/", "/exceptions/", "/admin/"):
        screen.open(path)
        page.get_by_text("Automation is paused: Everything").wait_for()
    screen.hold(WCAG, is_anew=True)
    page.get_by_role("button", name="End it now").click()
    page.get_by_text("What was due happens now.").wait_for()
    assert AutomationPause.objects.get().ended_by == company["governor"]
    screen.hold()
