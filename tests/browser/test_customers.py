"""Customers, one of them, and who may do what, in both looks on a desk and a phone."""

from __future__ import annotations

import pytest

from tests.browser.conftest import LOOKS
from tests.factories.incidents import MAJOR, open_incident

# Somebody who works on incidents, and somebody who also sees what a customer is worth.
READERS = ("agent", "governor")


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


@pytest.fixture
def incident(screen, at):
    return open_incident(
        at, account="northwind", severity_hint="critical", facts=MAJOR, category="outage"
    )


@pytest.mark.parametrize("reader", READERS)
def test_customers_and_one_of_them_with_its_incident(screen, incident, reader):
    screen.sign_in(reader)
    screen.open("/customers/")
    screen.hold()
    screen.page.get_by_role("link", name="Northwind").first.click()
    screen.page.wait_for_url("**/customers/northwind/")
    assert screen.page.get_by_text(incident.key).first.is_visible()
    screen.hold()


@pytest.mark.parametrize("reader", READERS)
def test_who_may_do_what(screen, reader):
    screen.sign_in(reader)
    screen.open("/help/roles/")
    screen.hold()
