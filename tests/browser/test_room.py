"""The room of an incident in both looks on a desk and a phone: what was missed, evidence, a
decision that another approves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalations.models import Decision, TimelineEvent
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from tests.browser.conftest import LOOKS
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.reviews import resolve
from tests.factories.rooms import plant_room, task_force_rule

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


@pytest.fixture
def incident(screen, company, at):
    before = open_incident(at - timedelta(days=2), "before", category="outage")
    resolve(before, by=company["agent"], at=at - timedelta(days=2))
    incident = open_incident(at, severity_hint="critical", facts=MAJOR, category="outage")
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=company["agent"], at=at)
    return incident


def call_in_vain(incident, at, count=30):
    first = TimelineEvent.objects.filter(incident=incident).count() + 1
    TimelineEvent.objects.bulk_create(
        TimelineEvent(
            incident=incident,
            seq=first + place,
            kind="clock_miss" if place % 3 == 2 else "ladder_fallback",
            at=at + timedelta(minutes=place),
            recorded_at=at + timedelta(minutes=place),
            sentence=f"Nobody answered {place}.",
        )
        for place in range(count)
    )


def test_who_comes_back_sees_what_they_missed_and_who_is_here(
    screen, company, incident, travel, at
):
    url, page = f"/incidents/{incident.number}/", screen.page
    screen.sign_in("agent")
    screen.open(url)
    later = at + timedelta(hours=2)
    call_in_vain(incident, at)
    perform(incident.number, Verb.MITIGATE, {"plan": "Roll back."}, by=company["duty"], at=later)
    travel.to(later)
    page.context.clear_cookies()
    screen.sign_in("duty")
    screen.open(url)
    page.context.clear_cookies()
    screen.sign_in("agent")
    screen.open(url)
    page.get_by_text("31 new since your last visit 2 h ago").wait_for()
    page.get_by_text(f"Also here: {company['duty']}").wait_for()
    screen.hold()
    page.get_by_role("link", name="Go to where you stopped").click()
    assert page.locator("#read-before").is_visible()
    fold = page.locator(".fold > summary").first
    fold.click()
    page.get_by_text("Nobody answered 17.").wait_for()
    screen.hold()
    fold.click()
    page.get_by_role("link", name="People").click()
    page.locator("#timeline .is-machine").first.wait_for(state="detached")
    page.get_by_text("Also here").wait_for()


def test_evidence_comes_by_a_form_and_goes_as_a_download(screen, incident, tmp_path):
    page = screen.page
    screen.sign_in("agent")
    screen.open(f"/incidents/{incident.number}/")
    page.get_by_text("Add a file or a link").click()
    page.get_by_label("What it is").fill("The red page")
    file = {"name": "screen.png", "mimeType": "image/png", "buffer": PNG}
    page.locator("#ev-file").set_input_files(files=[file])
    page.get_by_role("button", name="Add the evidence").click()
    page.get_by_text("the evidence is kept").wait_for()
    with page.expect_download() as begun:
        page.get_by_role("link", name="The red page").click()
    begun.value.save_as(tmp_path / "came.png")
    assert begun.value.suggested_filename == "screen.png"
    assert (tmp_path / "came.png").read_bytes() == PNG


def test_a_decision_is_approved_by_another_and_all_cards_hold(screen, company, incident, at):
    page, url = screen.page, f"/incidents/{incident.number}/"
    task_force_rule(bridge_url="tel:+4930123", meeting="every", meeting_every_h=2)
    plant_room(incident.number, company, at)
    screen.sign_in("agent")
    screen.open(url)
    card = page.locator("#decisions")
    card.get_by_text("Record a decision").click()
    card.get_by_label("Kind", exact=True).select_option("accelerated_fix")
    card.get_by_label("What is decided").fill("Deploy tonight")
    card.get_by_label("Why", exact=True).fill("Each hour costs orders.")
    card.get_by_label("Options weighed").fill("Deploy tonight\nWait")
    card.get_by_label("Until (UTC)").fill("2026-11-18T06:00")
    for more in ("Add a milestone", "Add a workstream", "Change the task force", "Add a file"):
        page.locator("summary", has_text=more).click()
    screen.hold()
    page.get_by_role("button", name="Record the decision").click()
    page.get_by_text("the decision is recorded").wait_for()
    assert card.get_by_role("button", name="Approve Deploy tonight").count() == 0
    page.context.clear_cookies()
    screen.sign_in("duty")
    screen.open(url)
    screen.hold()
    page.get_by_role("button", name="Approve Deploy tonight").click()
    page.get_by_text("the decision is answered").wait_for()
    assert Decision.objects.get(title="Deploy tonight").state == "in_force"
