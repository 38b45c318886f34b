"""Policies read, compared and drafted in both looks."""

from __future__ import annotations

import pytest

from escalations.models import Policy
from tests.browser.conftest import LOOKS


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


def test_a_policy_is_read_and_its_next_draft_written_and_compared(screen, company):
    name = Policy.objects.get().name
    screen.sign_in("governor")
    screen.open("/policies/")
    screen.hold()
    screen.page.get_by_role("link", name=name).click()
    screen.page.get_by_role("heading", name="Routing, first match wins").wait_for()
    screen.hold()
    screen.page.get_by_role("link", name="Try an incident").click()
    screen.page.get_by_label("Users affected, %").fill("35")
    screen.page.get_by_label("Beside it").select_option("1")
    screen.page.get_by_role("button", name="Try it").click()
    screen.page.get_by_role("heading", name="Under v1").wait_for()
    screen.hold()
    screen.page.go_back()
    screen.page.go_back()
    screen.page.get_by_role("link", name="New draft from v2").click()
    document = screen.page.get_by_label("Document")
    text = document.input_value()
    assert "response: 5 min" in text
    document.fill(text.replace("response: 5 min", "response: 4 min"))
    screen.page.get_by_label("Why").fill("Four is enough")
    screen.page.get_by_role("button", name="See what it changes").click()
    said = "Severity S1: response goes from 5 min to 4 min."
    screen.page.get_by_text(said).wait_for()
    screen.hold()
    screen.page.get_by_role("button", name="Store as a draft").click()
    screen.page.get_by_text("Draft v3 is stored.").wait_for()
    screen.page.get_by_role("link", name="Compare with the one before").click()
    screen.page.get_by_text(said).wait_for()
    changed = screen.page.locator("td.is-changed")
    assert changed.inner_text().split() == ["before:", "5", "min", "after:", "4", "min"]
    screen.hold()
