"""Service hours in both looks: a week, a year, proposals, and a version that is refused."""

from __future__ import annotations

import pytest

from tests.browser.conftest import LOOKS


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


def test_holidays_are_proposed_and_a_bad_version_is_refused(screen, company):
    screen.sign_in("governor")
    screen.open("/service-hours/")
    screen.hold()
    page = screen.page
    page.get_by_role("link", name="Office hours, New York").click()
    page.get_by_label("Country").select_option("US")
    page.get_by_role("button", name="Propose public holidays").click()
    page.get_by_text("Thanksgiving Day").first.wait_for()
    screen.hold()
    page.get_by_text("New version").click()
    page.get_by_label("Monday").fill("nine to five")
    page.get_by_label("In effect from").last.fill("2030-01-01T08:00")
    page.get_by_label("Why").last.fill("Try")
    page.get_by_role("button", name="Ask for approval").click()
    page.get_by_text("write 09:00-17:00").wait_for()
    screen.hold()
