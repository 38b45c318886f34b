"""Pages of governance that are only read, light on a desk and dark on a phone: one after another."""

from __future__ import annotations

from escalations.models import Incident
from escalations.services.value_versions import ask_value
from tests.factories.incidents import MAJOR, open_incident


def test_they_hold_with_rows_and_without(screen, company, at):
    page = screen.page
    screen.sign_in("governor")
    for path in ("/to-sort/", "/board/"):
        screen.open(path)
        screen.hold()
    doubtful = open_incident(at, "doubt", title="Something about invoices", facts=MAJOR)
    Incident.objects.filter(pk=doubtful.pk).update(sorting_confidence=40)
    screen.open("/to-sort/")
    page.get_by_text("Something about invoices").wait_for()
    screen.hold()
    screen.open("/board/2026-11/")
    page.get_by_role("heading", name="Letter to the board, November 2026").wait_for()
    screen.hold()
    screen.open("/policies/standard/sorting/")
    screen.hold()

    screen.open("/account-value/")
    page.get_by_text("New version").click()
    page.get_by_label("Enterprise from, points").fill("75")
    page.get_by_role("button", name="See who changes tier").click()
    page.get_by_text("1 account changes tier").wait_for()
    screen.hold()
    reason = "The word should mean something."
    asked = ask_value(
        {"enterprise_from": 75}, effective_from=None, by=company["governor2"], at=at, reason=reason
    )
    screen.open(f"/policies/requests/{asked.pk}/")
    page.get_by_text("Enterprise becomes High potential: 1.").wait_for()
    screen.hold()
    screen.open("/versions/account_value/accounts/")
    screen.hold()
    screen.open("/policies/requests/")
    screen.look_as("dark", 390)
    acts = page.locator(".head-acts .btn")
    lefts = {round(acts.nth(n).bounding_box()["x"]) for n in (0, 2)}
    assert len(lefts) == 1, "rows of buttons begin at one edge"
    screen.hold()
