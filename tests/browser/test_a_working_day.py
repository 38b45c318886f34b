"""A working day in the browser: from the page at night to a shift handed over, by those who do it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalations.models import Clock, Incident, Notice, PostIncidentReview
from escalations.rules.lifecycle import Verb
from escalations.selectors.action_words import DONE
from tests.browser.conftest import LOOKS
from tests.factories.incidents import MAJOR, open_incident

MINUTE = timedelta(minutes=1)


@pytest.fixture(params=LOOKS[:1], ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


@pytest.fixture
def pages(screen):
    """Somebody at the address of a page, signed in as whoever is named."""

    def at(who, path):
        screen.sign_in(who)
        screen.open(path)
        return screen.page

    return at


def do(page, verb, **fields):
    """By the button of a verb and its dialog, until the page says that it is done."""
    page.locator(f"[data-act={verb.value}]").first.click()
    form = page.locator(f"dialog#act[open] #act-{verb.value}")
    form.wait_for()
    for name, value in fields.items():
        field = form.locator(f"[name={name}]")
        field.select_option(value) if field.evaluate("f => f.tagName") == "SELECT" else field.fill(
            value
        )
    form.locator("button.primary").click()
    page.locator("#messages", has_text=DONE[verb]).wait_for()


def test_from_the_page_at_night_to_the_shift_handed_over(pages, screen, company, travel, at):
    # 02:00: a page. One screen says what and why, one tap answers.
    incident = open_incident(at, facts=MAJOR, severity_hint="critical")
    url = f"/incidents/{incident.number}/"
    paged = Notice.objects.get(incident=incident, kind="page")
    who = paged.recipient.username
    assert f"{url}page/" in paged.text
    page = pages(who, f"{url}page/")
    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_text("it is yours").first.wait_for()
    incident.refresh_from_db()
    assert (incident.state, incident.commander.username) == ("acknowledged", who)

    # At the desk: the queue says whose it is, and Enter opens it.
    page = pages(who, "/")
    row = page.locator("tr", has_text=incident.key)
    row.get_by_text(str(incident.commander)).wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{url}")

    # Work begins, the customer hears of it, and the deadline of the next word moves on.
    do(page, Verb.MITIGATE, plan="Fail over to the second acquirer.")
    travel.to(at + 10 * MINUTE)
    page.locator("#act-update textarea").fill("We are failing over.")
    page.locator("#letter", has_text="We are failing over.").wait_for()
    page.get_by_role("button", name="Send update").click()
    page.get_by_text(DONE[Verb.UPDATE]).wait_for()
    cadence = Clock.objects.get(incident=incident, kind="cadence")
    assert cadence.due_at > at + 30 * MINUTE

    # They must answer something: the promise stands still until they do.
    do(
        page,
        Verb.PAUSE,
        reason="customer_wait",
        awaiting="logs of their gateway",
        next_check_at="2026-11-17T12:00",
    )
    assert Clock.objects.filter(incident=incident, run_state="paused").exists()
    travel.to(at + 20 * MINUTE)
    page.reload()
    do(page, Verb.RESUME)
    page.locator("#note textarea").first.fill("Their logs show timeouts.")
    page.locator("#act-note button").click()
    page.get_by_text(DONE[Verb.NOTE]).wait_for()

    # Contained, says who did it; a second person with the right confirms it.
    do(page, Verb.PROPOSE_CONTAIN, evidence="Captures are back at 98 %.")
    page = pages("senior", url)
    page.locator("#timeline", has_text="Their logs show timeouts.").wait_for()
    do(page, Verb.CONFIRM_CONTAIN)
    assert Clock.objects.get(incident=incident, kind="restore").outcome == "met"

    # Watched, and resolved: the dialog shows what the customer will read, and a review opens.
    page = pages(who, url)
    do(page, Verb.MONITOR, recovery_kpi="capture rate")
    page.keyboard.press("r")
    form = page.locator("dialog#act[open] #act-resolve")
    form.locator("[name=resolution_code]").select_option("fixed")
    form.locator("[name=cause_category]").select_option("change")
    form.locator("[name=final_update]").fill("All is well again.")
    page.locator("#foreseen", has_text="All is well again.").wait_for()
    page.locator("#foreseen", has_text="A review opens").wait_for()
    screen.hold()
    form.locator("button.primary").click()
    page.get_by_text(DONE[Verb.RESOLVE]).wait_for()
    assert PostIncidentReview.objects.filter(incident=incident).exists()
    assert not Clock.objects.filter(incident=incident, run_state="running").exists()

    # Another one is still open at the end of the shift: it goes on with a packet.
    second = open_incident(at + 20 * MINUTE, key="later", facts=MAJOR, severity_hint="critical")
    Incident.objects.filter(pk=second.pk).update(commander=company[who])
    page = pages(who, f"/incidents/{second.number}/")
    page.get_by_role("button", name="Acknowledge").first.click()
    page.get_by_text("acknowledged, it is yours").wait_for()
    page = pages(who, "/my-shift/")
    page.get_by_text(second.key).first.wait_for()
    screen.hold()
    page.get_by_role("link", name="Hand over").first.click()
    page.wait_for_url("**/my-shift/hand-over/**")
    page.get_by_text(second.key).first.wait_for()
    screen.hold()
