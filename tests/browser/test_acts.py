"""Acts in a browser: dialogs by keyboard, undo, the screen at night, letters, two people at once."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from escalations.models import Clock, CustomerLetter, Incident, Notice, UpdateDraft
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from tests.browser.conftest import LOOKS
from tests.factories.incidents import MAJOR, open_incident


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


@pytest.fixture
def owned(company, at):
    """An S1 of a customer that `agent` owns."""
    incident = open_incident(at, facts=MAJOR, severity_hint="critical")
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=company["agent"], at=at)
    return incident


def show(screen, incident, who="agent"):
    screen.sign_in(who)
    screen.open(f"/incidents/{incident.number}/")
    return screen.page


def focused(page):
    return page.evaluate(
        "document.activeElement.getAttribute('data-act') || document.activeElement.name || ''"
    )


def test_a_dialog_by_keyboard_shows_its_effect_and_gives_focus_back(screen, owned):
    page = show(screen, owned)
    page.keyboard.press("e")
    dialog = page.locator("dialog#act[open]")
    dialog.wait_for()
    assert focused(page) == "reason"
    assert dialog.get_by_text("Paged now").is_visible()
    screen.hold()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || document.querySelector('#act').contains(document.activeElement)"
        )
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert focused(page) == "escalate"


def test_what_the_dialog_foretold_then_happens(screen, owned):
    page = show(screen, owned)
    page.keyboard.press("e")
    page.locator("#foreseen .is-paged strong").first.wait_for()
    named = {
        text.split(" by ")[0] for text in page.locator("#foreseen .is-paged").all_inner_texts()
    }
    before = set(Notice.objects.values_list("pk", flat=True))
    page.locator("#act-escalate [name=reason]").fill("Nobody knows this part.")
    page.keyboard.press("Enter")
    page.get_by_text("escalated, the next people are asked").wait_for()
    paged = Notice.objects.filter(kind="page").exclude(pk__in=before)
    assert {str(row.recipient) for row in paged} == named
    screen.hold()


def test_the_effect_follows_what_is_entered_and_the_page_waits_meanwhile(
    screen, company, owned, at
):
    page = show(screen, owned)
    page.evaluate("document.documentElement.dataset.poll = 300")
    page.locator("#actions a", has_text="Pause").click()
    page.locator("#foreseen", has_text="resumed 18 Nov 10:00 UTC").wait_for()
    form = page.locator("#act-pause")
    form.get_by_label("Ask again at (UTC)").fill("2026-11-17T12:00")
    page.locator("#foreseen", has_text="resumed 12:00 UTC").first.wait_for()
    perform(owned.number, Verb.NOTE, {"text": "Meanwhile."}, by=company["agent2"], at=at)
    page.wait_for_timeout(900)
    assert page.locator("#timeline", has_text="Meanwhile.").count() == 0
    page.keyboard.press("Escape")
    page.locator("#timeline", has_text="Meanwhile.").wait_for()
    assert screen.complaints == []


def test_an_act_is_undone_from_its_message(screen, owned):
    page = show(screen, owned)
    page.locator("#actions a", has_text="Pause").click()
    form = page.locator("#act-pause")
    form.get_by_label("Waiting for").select_option("customer_wait")
    form.get_by_label("Who and what is awaited").fill("their logs")
    form.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Undo").wait_for()
    assert Clock.objects.filter(incident=owned, run_state="paused").exists()
    screen.hold()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("taken back.").wait_for()
    assert not Clock.objects.filter(incident=owned, run_state="paused").exists()
    screen.hold()


def test_the_screen_at_night_fits_a_phone_and_is_light(screen, company, at):
    incident = open_incident(at, facts=MAJOR, severity_hint="critical")
    page_out = Notice.objects.filter(incident=incident, kind="page").first()
    screen.sign_in(page_out.recipient.username)
    screen.page.set_viewport_size({"width": 390, "height": 844})
    weights = []
    screen.page.on("response", lambda answer: weights.append(answer))
    screen.open(f"/incidents/{incident.number}/page/")
    page = screen.page
    assert page.evaluate("document.documentElement.scrollHeight") <= 844
    for button in page.locator(".phone-btn").all():
        assert button.bounding_box()["height"] >= 44
    assert page.locator("[data-text]").inner_text().endswith("left")
    assert not any("htmx" in answer.url for answer in weights)
    screen.hold()
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_text("You own it since").wait_for()
    assert Incident.objects.get(pk=incident.pk).commander == page_out.recipient
    screen.hold()


def test_a_letter_is_seen_before_it_leaves_and_its_draft_outlives_the_page(screen, owned):
    page = show(screen, owned)
    box = page.locator("#act-update textarea")
    box.press_sequentially("A fix is in testing.")
    page.locator("#letter", has_text="You hear from us again by 10:30 UTC").wait_for()
    assert UpdateDraft.objects.get().text == "A fix is in testing."
    screen.hold()
    page.reload()
    assert page.locator("#act-update textarea").input_value() == "A fix is in testing."
    page.get_by_role("button", name="Send update").click()
    page.get_by_text("the update is published").wait_for()
    assert "A fix is in testing." in CustomerLetter.objects.first().text
    assert not UpdateDraft.objects.exists()
    screen.hold()


def test_no_change_is_one_click(screen, owned, travel, at):
    page = show(screen, owned)
    page.get_by_role("button", name="No change, still working").click()
    page.get_by_text("the update is published").wait_for()
    assert Clock.objects.get(incident=owned, kind="cadence").on_time == 1


def test_a_hand_off_between_two_browsers(screen, company, owned, new_context):
    sender = show(screen, owned)
    sender.locator("#actions a", has_text="Hand off").click()
    form = sender.locator("#act-hand-off")
    form.get_by_label("To optional").select_option("agent2")
    form.get_by_label("Who takes it").select_option("agent2")
    assert form.get_by_label("What happened").input_value() == owned.title
    sender.locator("#foreseen", has_text="Please accept a hand-off").wait_for()
    screen.hold()
    form.get_by_role("button", name="Hand off").click()
    sender.get_by_text("offered, it stays yours").wait_for()
    sender.evaluate("document.documentElement.dataset.poll = 300")

    client = Client()
    client.force_login(User.objects.get(username="agent2"))
    name = settings.SESSION_COOKIE_NAME
    context = new_context(base_url=screen.base)
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": screen.base}])
    receiver = context.new_page()
    receiver.goto(f"{screen.base}/incidents/{owned.number}/")
    receiver.get_by_role("button", name="Accept hand-off").click()
    receiver.get_by_text("is yours now").wait_for()
    assert Incident.objects.get(pk=owned.pk).commander == company["agent2"]
    sender.mouse.move(5, 5)
    sender.reload()
    sender.locator(".people li", has_text=str(company["agent2"])).first.wait_for()
    sender.locator("#timeline", has_text="took it over").wait_for()


def test_without_scripts_a_page_shows_the_effect_and_a_second_click_does_it(
    screen, company, owned, new_context
):
    client = Client()
    client.force_login(User.objects.get(username="agent"))
    name = settings.SESSION_COOKIE_NAME
    context = new_context(base_url=screen.base, java_script_enabled=False)
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": screen.base}])
    page = context.new_page()
    page.goto(f"{screen.base}/incidents/{owned.number}/")
    page.locator("#actions a", has_text="Pause").click()
    page.get_by_label("Waiting for").select_option("customer_wait")
    page.get_by_label("Who and what is awaited").fill("their logs")
    page.get_by_label("Ask again at (UTC)").fill("2026-11-17T12:00")
    page.get_by_role("button", name="Show the effect").click()
    assert "resumed 12:00 UTC" in page.locator("#foreseen").inner_text()
    assert page.get_by_label("Who and what is awaited").input_value() == "their logs"
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_text("Ask again by 12:00 UTC").first.wait_for()
    assert Clock.objects.filter(incident=owned, run_state="paused").exists()
