"""The SLA calculator in both looks: asked, answered with a picture, and refused."""

from __future__ import annotations

import pytest

from tests.browser.conftest import LOOKS


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


def test_a_promise_is_worked_out_and_drawn(screen, company):
    screen.sign_in("agent")
    screen.open("/clocks/")
    screen.hold()
    page = screen.page
    page.get_by_label("Within").fill("2 business days")
    page.get_by_label("Service hours").select_option("office")
    page.get_by_label("Times are of").select_option("America/New_York")
    page.get_by_label("Starts").fill("2026-11-19T15:30")
    page.get_by_role("button", name="Work it out").click()
    page.get_by_text("Due Mon 23 Nov 2026 15:30 EST").first.wait_for()
    assert page.get_by_role("img", name="Sat 21 Nov: closed").count() == 1
    screen.hold()
    page.get_by_label("Within").fill("2")
    page.get_by_role("button", name="Work it out").click()
    page.get_by_text("minutes, hours or days?").wait_for()
    screen.hold()
