"""KPIs, one of them and my shift, in both looks on a desk and a phone."""

from __future__ import annotations

import pytest

from escalations.models import Incident, KpiAnnotation
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from tests.browser.conftest import LOOKS
from tests.escalations.views.test_kpis import KPI, send


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


def test_an_owner_finds_the_kpi_verifies_its_data_and_marks_an_event(screen, company, at):
    send(at, [3.2] * 30 + [2.4] * 4)
    incident = Incident.objects.get(kpi__code=KPI)
    perform(incident.number, Verb.ACKNOWLEDGE, {}, by=company["kpi-owner"], at=at)
    page = screen.page
    screen.sign_in("kpi-owner")
    screen.open("/kpis/?state=breach")
    page.get_by_role("link", name="Remove filter").wait_for()
    screen.hold()
    page.get_by_role("link", name="Checkout conversion", exact=True).click()
    page.wait_for_url(f"**/kpis/{KPI}/")
    assert page.locator("svg.chart:visible").count() == 1
    page.get_by_text("Show as table").click()
    page.get_by_text("Mark an event").click()
    page.evaluate("scrollTo(0, 0)")  # the bar at the top hides nothing then
    screen.hold()
    page.get_by_label("What happens").fill("Autumn sale")
    page.get_by_label("From", exact=True).fill("2026-11-17T08:00")
    page.get_by_label("Until", exact=True).fill("2026-11-18T08:00")
    page.get_by_role("button", name="Mark it").click()
    page.get_by_text("Marked: limits learned").wait_for()
    assert KpiAnnotation.objects.get().label == "Autumn sale"
    page.get_by_label("The data is").select_option("confirmed")
    page.get_by_label("What shows it").fill("Two sources agree.")
    page.get_by_role("button", name="Record the outcome").click()
    page.get_by_text("Confirmed: the data is right").wait_for()
    screen.hold()
    page.get_by_role("link", name="Compare other limits").click()
    page.get_by_text("These are suggestions").wait_for()
    screen.hold()
    screen.open("/my-shift/")
    assert page.get_by_text(incident.key).first.is_visible()
    screen.hold()
