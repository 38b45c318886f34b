"""A policy is drafted, asked for, approved by others, put in force and rolled back."""

from __future__ import annotations

import pytest

from escalations.models import ChangeRequest, Policy
from escalations.tasks.schedule import sweep
from tests.browser.conftest import LOOKS
from tests.factories.incidents import open_incident


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


def edited(text: str) -> str:
    """A target, a weight (and the other, so that they sum to 100), a rule and a ladder level."""
    for before, after in (
        ("response: 5 min", "response: 4 min"),
        ("weight: 25", "weight: 20"),
        ("weight: 10", "weight: 15"),
        ("name: KPIs go to Growth", "name: KPIs go to the growth team"),
        ("rule: KPIs go to Growth", "rule: KPIs go to the growth team"),
        ("ack_timeout: 5 min", "ack_timeout: 6 min"),
    ):
        assert before in text, before
        text = text.replace(before, after, 1)
    return text


def test_a_policy_goes_through_its_whole_life(screen, company, at, travel):
    page, policy = screen.page, Policy.objects.get()
    incident = open_incident(at, "pinned", severity_hint="critical", facts={"users_pct": 35})
    screen.sign_in("governor")
    screen.open(f"/policies/{policy.code}/import/?v=2")
    document = page.get_by_label("Document")
    text = edited(document.input_value())
    document.fill(text.replace("ladder: s1", "ladder: nowhere", 1))
    page.get_by_label("Why").fill("Faster")
    page.get_by_role("button", name="See what it changes").click()
    page.get_by_text("names ladder 'nowhere': there is none").first.wait_for()  # lint refuses
    page.get_by_label("Document").fill(text)
    page.get_by_role("button", name="See what it changes").click()
    page.get_by_role("button", name="Store as a draft").click()
    page.get_by_text("Draft v3 is stored.").wait_for()
    page.get_by_role("link", name="Ask for approval").click()
    page.get_by_label("Why").fill("Five minutes were too long")
    page.get_by_role("button", name="Ask for approval").click()
    page.get_by_text("acknowledge each").wait_for()
    screen.complaints.clear()  # of the answer 400
    screen.hold()
    for box in page.get_by_label("I have read:").all():
        box.check()
    page.get_by_label("In force from, UTC").fill(f"{at.replace(day=19):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Ask for approval").click()
    page.get_by_text("You asked for this: others decide about it.").wait_for()
    screen.hold()

    request = ChangeRequest.objects.get()
    screen.sign_in("governor2")
    screen.open("/policies/requests/")
    page.get_by_text("Waits for you", exact=True).wait_for()
    screen.hold()
    page.get_by_role("link", name=request.title).click()
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("Needs 2 approvals, has 1").wait_for()
    screen.sign_in("governor3")
    screen.open(f"/policies/{policy.code}/compare/?from=2&to=3")
    page.get_by_text("Needs 2 approvals, has 1").wait_for()
    screen.hold()
    page.get_by_label("Comment").fill("Agreed")
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("In force from 19 Nov", exact=False).first.wait_for()
    request.refresh_from_db()
    sweep(request.settle_at)
    travel.to(request.settle_at)
    screen.open(f"/policies/requests/{request.pk}/")
    page.get_by_role("heading", name="Read by 1 of").wait_for()
    screen.hold()
    incident.refresh_from_db()
    assert incident.policy_version.number == 2

    screen.open(f"/policies/{policy.code}/?v=2")
    page.get_by_role("link", name="Roll back to v2").click()
    page.get_by_label("Why").fill("Nobody made it")
    screen.hold()
    page.get_by_role("button", name="Ask to roll back").click()
    page.get_by_text("says what v2 said").wait_for()
    screen.open("/policies/approvals/")
    screen.hold()


def test_a_suggestion_is_written_and_answered(screen, company):
    page, code = screen.page, Policy.objects.get().code
    screen.sign_in("agent")
    screen.open(f"/policies/{code}/suggest/?about=Routing")
    page.get_by_label("What should be otherwise, and why").fill("Cards go to Payments.")
    screen.hold()
    page.get_by_role("button", name="Suggest").click()
    screen.sign_in("governor")
    screen.open("/policies/suggestions/")
    screen.hold()
    page.get_by_label("Answer").fill("In the next version.")
    page.get_by_role("button", name="Answer").click()
    page.get_by_text("In the next version.").wait_for()
    screen.hold()
