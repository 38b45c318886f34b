"""The governance pages in light and dark, on a desk and on a phone."""

from __future__ import annotations

import pytest

from escalations.models import Kpi
from tests.browser.conftest import LOOKS
from tests.factories.incidents import MAJOR, open_incident

# Unfold's own landmarks are no barrier by WCAG: best practice is not asked for here.
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


def test_what_needs_you_a_list_and_a_history_have_no_barrier(screen, at):
    open_incident(at, severity_hint="critical", facts=MAJOR, category="outage")
    screen.sign_in("governor")
    kpi = Kpi.objects.get(code="cpc").pk
    for path in ("", "django_q/schedule/", f"escalations/kpi/{kpi}/history/"):
        screen.open(f"/admin/{path}")
        screen.hold(WCAG, is_anew=True)


def test_the_forms_of_a_kpi_and_the_lists_of_marks_have_no_barrier(screen, at):
    open_incident(at, severity_hint="critical", facts=MAJOR, category="outage")
    screen.sign_in("governor")
    kpi = Kpi.objects.get(code="cpc").pk
    paths = ("kpi/add/", f"kpi/{kpi}/change/", "incident/", "threshold/")
    for path in paths:
        screen.open(f"/admin/escalations/{path}")
        screen.hold(WCAG, is_anew=True)
