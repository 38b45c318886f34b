"""Clock repairs in both looks on a desk and a phone: proposed by one, applied by another."""

from __future__ import annotations

import pytest

from escalations.models import Clock
from tests.browser.conftest import LOOKS
from tests.factories.incidents import MAJOR, open_incident
from tests.stories.test_repairs import next_version


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


def test_a_policy_reaches_what_runs_by_two_people(screen, company, at):
    incident = open_incident(at, facts=MAJOR)
    version = next_version(restore=3600)
    page = screen.page
    screen.sign_in("governor")
    screen.open("/clock-repairs/")
    page.get_by_text("Nothing was proposed").wait_for()
    screen.hold()
    page.get_by_role("link", name="Propose").click()
    page.get_by_label("Policy in force").select_option(f"{version.policy.code}:{version.number}")
    page.get_by_label("Why").fill("The committee decided.")
    screen.hold()
    page.get_by_role("button", name="Show what changes").click()
    page.get_by_text("somebody else applies it").wait_for()
    screen.hold()
    page.context.clear_cookies()
    screen.sign_in("governor2")
    screen.open("/clock-repairs/")
    screen.hold()
    page.get_by_role("link", name="Apply a policy to open incidents").click()
    page.get_by_role("button", name="Apply to all of them").click()
    page.get_by_text("1 incident changed, 0 kept as they were.").wait_for()
    screen.hold()
    assert Clock.objects.get(incident=incident, kind="restore").current_target_s == 3600
    screen.open("/service-hours/office/")
    screen.hold()
