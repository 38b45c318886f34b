"""Limits that wait for approval, any two versions of them, and how many approvals are needed."""

from __future__ import annotations

import pytest

from escalations.models import Kpi
from escalations.services.threshold_versions import draft_thresholds
from tests.browser.conftest import LOOKS


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


def test_a_draft_of_limits_is_compared_and_asked_for(screen, company, at, travel):
    kpi, page = Kpi.objects.get(code="cpc"), screen.page
    draft_thresholds(kpi, {"c": 9}, by=company["kpi-owner"], at=at, note="Slower.")
    screen.sign_in("kpi-owner")
    screen.open("/kpis/cpc/")
    page.get_by_role("link", name="Versions").click()
    page.get_by_text("Good readings that leave (C)").wait_for()
    screen.hold()
    page.get_by_role("link", name="Ask for approval").click()
    screen.hold()
    page.get_by_label("Why").fill("It comes back within the day")
    page.get_by_role("button", name="Ask for approval").click()
    page.get_by_text("Asked. The committee is told.").wait_for()
    screen.sign_in("governor")
    screen.open("/policies/approvals/needed/")
    screen.hold()
