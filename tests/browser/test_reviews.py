"""Reviews and actions, in light and dark, on a desk and on a phone."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import pytest

from escalations.models import ActionItem, PostIncidentReview
from escalations.rules.reviews import ReviewVerb
from escalations.services.action_items import add_action
from escalations.services.review_moves import perform_review
from escalations.services.review_text import add_entry, add_factor, save_review
from tests.browser.conftest import LOOKS
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.reviews import resolve

HOUR = timedelta(hours=1)
SHOTS = os.environ.get("BELAY_SHOTS")


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


def shoot(screen, look, name):
    if SHOTS:
        path = Path(SHOTS) / f"{name}-{look[0]}-{look[1]}.png"
        screen.page.screenshot(path=str(path), full_page=True)


@pytest.fixture
def number(screen, company, at, travel):
    """One review that is written, one that only was opened, both resolved yesterday."""
    day = at - timedelta(days=1)
    other = open_incident(
        day,
        "sftp",
        title="Payout file missing from SFTP",
        account="fjord",
        severity_hint="critical",
        facts=MAJOR,
        category="integration",
    )
    resolve(other, by=company["agent2"], at=day + HOUR)
    incident = open_incident(
        day,
        title="Card capture failing in EU",
        severity_hint="critical",
        facts=MAJOR,
        category="outage",
    )
    number = resolve(incident, by=company["agent"], at=day + HOUR).number
    by = company["agent2"]
    save_review(
        number,
        {
            "summary": "Captures failed in EU for an hour after a change of routing.",
            "root_causes": "Two changes met. Ana Reyes could not see the other one.",
            "lessons": "Routing changes go behind a flag and to one region first.",
            "users_affected": 35000,
            "customer_impact": 7,
        },
        by=by,
        at=day + 2 * HOUR,
    )
    for each in (number, other.number):
        add_factor(
            each,
            {
                "category": "change",
                "text": "The routing table was changed without a flag.",
                "evidence": "https://changes.example/4711",
            },
            by=by,
            at=day + 2 * HOUR,
        )
    add_entry(
        number,
        {"kind": "addition", "from_at": day + HOUR / 2, "text": "The acquirer called us."},
        by=by,
        at=day + 2 * HOUR,
    )
    for place, (title, kind) in enumerate(
        (("Alarm on capture rate by region", "detect"), ("Flags for routing changes", "prevent"))
    ):
        add_action(
            number,
            {
                "title": title,
                "kind": kind,
                "owner": "agent",
                "verifier": "senior",
                "verification_method": "Drop the rate in staging and see the page.",
                "is_priority": place == 0,
            },
            by=by,
            at=day + 2 * HOUR,
        )
    add_action(
        other.number,
        {
            "title": "Watch the bank's host",
            "kind": "detect",
            "owner": "agent",
            "verifier": "senior",
            "verification_method": "Block the host and see the page.",
        },
        by=by,
        at=day + 2 * HOUR,
    )
    ActionItem.objects.filter(title__startswith="Watch").update(due_on=date(2026, 11, 2))
    travel.to(at + 9 * HOUR)
    return number


def test_the_archive(screen, number, look):
    screen.sign_in("agent")
    screen.open("/reviews/")
    assert screen.page.locator(".rtable tbody tr").count() == 2
    screen.hold()
    shoot(screen, look, "archive")
    screen.page.fill("[name=q]", "routing")
    screen.page.select_option("[name=tier]", "strategic")
    screen.page.get_by_role("button", name="Search").click()
    screen.page.locator(".chip").nth(1).wait_for()
    assert screen.page.locator(".rtable tbody tr").count() == 1
    screen.hold()
    screen.open("/reviews/?q=zebra")
    screen.page.get_by_text("No review fits.").wait_for()
    screen.hold()


def test_reading_a_review(screen, number, look):
    screen.sign_in("agent")
    screen.open(f"/incidents/{number}/")
    screen.page.get_by_role("link", name="Review: draft").click()
    screen.page.get_by_role("heading", name="Contributing factors").wait_for()
    screen.page.evaluate("document.querySelectorAll('.unmet').forEach(d => { d.open = true })")
    screen.hold()
    shoot(screen, look, "read")
    screen.page.emulate_media(media="print")
    assert not screen.page.locator(".moves").is_visible()
    assert not screen.page.locator("header.top").is_visible()
    assert screen.page.get_by_text("Captures failed in EU").is_visible()
    shoot(screen, look, "print")


def test_writing_a_review(screen, number, look):
    screen.sign_in("agent2")
    screen.open(f"/reviews/{number}/edit/")
    screen.page.get_by_text('"Ana Reyes" is named.').wait_for()
    screen.hold()
    shoot(screen, look, "edit")
    form = screen.page.locator("#part-summary form")
    form.locator("[name=summary]").fill("Captures failed in EU.")
    form.get_by_role("button").click()
    screen.page.get_by_text("Saved.").wait_for()
    assert PostIncidentReview.objects.get(incident=number).summary == "Captures failed in EU."
    impact = screen.page.locator("#part-impact form")
    impact.locator("[name=customer_impact]").fill("11")
    impact.get_by_role("button").click()
    screen.page.get_by_text("Customer impact is 0 to 10.").first.wait_for()
    assert screen.page.locator("#part-impact [name=customer_impact]").input_value() == "11"
    screen.complaints[:] = [each for each in screen.complaints if "400" not in each]
    screen.hold()


def test_a_move_of_a_review(screen, number, company, at):
    perform_review(number, ReviewVerb.HOLD, {}, by=company["agent2"], at=at)
    screen.sign_in("agent2")
    screen.open(f"/reviews/{number}/")
    screen.page.get_by_role("button", name="Hand in").click()
    screen.page.get_by_text("Hand in: recorded.").wait_for()
    assert PostIncidentReview.objects.get(incident=number).state == "in_review"
    screen.hold()


def test_actions(screen, number, look):
    screen.sign_in("agent")
    screen.open("/actions/")
    assert screen.page.locator(".todo > li").count() == 3
    screen.page.locator(".act-inline summary").first.click()
    screen.hold()
    shoot(screen, look, "actions")
    screen.page.locator(".act-inline[open] textarea").fill("The host is watched since Monday.")
    screen.page.locator(".act-inline[open] [type=submit]").click()
    screen.page.get_by_text("Done: Watch the bank's host.").wait_for()
    screen.hold()
