"""The queue in a browser: how it looks, how it stays fresh, and everything by keys."""

from __future__ import annotations

import gzip
import re

import pytest
from django.test import Client
from playwright.sync_api import expect

from accounts.models import User
from escalations.models import Incident
from escalations.rules.lifecycle import Verb
from escalations.selectors.queue_filters import Asked
from escalations.services.moves import perform
from escalations.services.saved_views import save_view
from tests.browser.conftest import LOOKS
from tests.factories.incidents import MAJOR, open_incident

SOON = "document.documentElement.dataset.poll = '150'"
FIRST_VISIT_KB = 60


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param


@pytest.fixture
def three(screen, company, at):
    return [
        open_incident(at, "worst", severity_hint="critical", facts=MAJOR, category="outage"),
        open_incident(at, "second", title="CSV export times out", account="halden"),
        open_incident(at, "third", title="Login loops", account="", severity_hint="info"),
    ]


def opened(screen, name="agent", path="/"):
    """The queue, polling several times a second."""
    screen.sign_in(name)
    screen.open(path)
    screen.page.evaluate(SOON)
    screen.page.evaluate("dispatchEvent(new Event('online'))")
    return screen.page


def box(page, incident):
    return page.locator(f"#i{incident.number} [data-k=x]")


def test_how_it_looks_with_filters_views_and_a_selection(screen, company, three, at):
    save_view("Worst", Asked(severity=("1", "2")), scope="all", by=company["duty"], at=at)
    Incident.objects.filter(pk=three[2].pk).update(has_missed=True, is_paused=True)
    screen.sign_in("agent")
    for path in ("/?severity=1&severity=2&state=new&age=1h&sort=deadline", "/queue/filters/"):
        screen.open(path)
        screen.hold()
    screen.open("/queue/views/")
    screen.hold()
    screen.open("/")
    box(screen.page, three[1]).check()
    screen.page.locator("#bulk").wait_for()
    screen.hold()
    screen.page.locator("#q-fold summary").click()
    screen.page.locator("#q-fold #filter-severity_0").wait_for()
    screen.hold()


def test_what_somebody_else_claims_arrives_and_nothing_jumps(screen, company, three, at):
    page = opened(screen)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    place = page.evaluate("document.activeElement.closest('[data-row]').dataset.row")
    perform(three[0].number, Verb.CLAIM, {"take_over": True}, by=company["duty"], at=at)
    page.locator(f"#i{three[0].number}", has_text=str(company["duty"])).wait_for()
    assert page.evaluate("document.activeElement.closest('[data-row]').dataset.row") == place
    assert page.locator("tr.is-cursor").get_attribute("data-row") == place
    assert page.locator(f"#i{place} [data-k=x]").is_checked()
    assert page.locator("#bulk").get_by_text("1 selected").is_visible()


def test_no_row_moves_under_an_open_breakdown(screen, company, three, at):
    page = opened(screen)
    page.locator(f"#i{three[0].number} [data-k=s]").click()
    page.locator("#peek[open]").wait_for()
    with page.expect_response(lambda answer: "/queue/rows/" in answer.url and answer.status == 200):
        perform(three[0].number, Verb.CLAIM, {"take_over": True}, by=company["duty"], at=at)
    row = page.locator(f"#i{three[0].number} .c-owner")
    assert str(company["duty"]) not in row.inner_text()
    page.keyboard.press("Escape")
    page.locator(f"#i{three[0].number}", has_text=str(company["duty"])).wait_for()


def test_words_in_the_search_and_an_open_filter_outlive_news(screen, company, three, at):
    page = opened(screen)
    page.locator("#q-fold summary").click()
    page.locator("#q-fold #filter-severity_0").check()
    perform(three[0].number, Verb.CLAIM, {"take_over": True}, by=company["duty"], at=at)
    page.locator(f"#i{three[0].number}", has_text=str(company["duty"])).wait_for()
    assert page.locator("#q-fold #filter-severity_0").is_checked()
    page.locator("#q-fold button", has_text="Show these").click()
    page.wait_for_url("**/?severity=1*")
    assert page.locator(".chip", has_text="S1").is_visible()


def test_everything_by_keys_and_none_when_they_are_off(screen, company, three):
    page = opened(screen, "duty")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.locator("#messages", has_text="is yours").wait_for()
    page.keyboard.press("?")
    page.locator("#help[open]").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents/**")
    User.objects.filter(username="duty").update(keys_enabled=False)
    screen.open("/")
    page.keyboard.press("j")
    assert page.locator("tr.is-cursor").count() == 0


def test_several_are_claimed_from_the_bar(screen, company, three, at):
    perform(three[1].number, Verb.CLAIM, {"take_over": True}, by=company["agent2"], at=at)
    screen.sign_in("duty")
    screen.open("/")
    page = screen.page
    assert not page.locator("#bulk").is_visible()
    page.locator("[data-all]").check()
    page.locator("#bulk", has_text="3 selected").wait_for()
    assert page.locator("#bulk [data-bulk=claim]").inner_text().split() == ["Claim", "2"]
    page.locator("#bulk [data-bulk=claim]").click()
    page.locator("#messages", has_text="2 done, 1 refused").wait_for()
    assert three[1].key in page.locator("#messages").inner_text()


def test_of_two_who_claim_in_one_instant_one_is_told_who_has_it(
    screen, company, three, new_context, live_server
):
    pages = []
    for name in ("duty", "remediation"):
        client = Client()
        client.force_login(company[name])
        page = new_context(base_url=live_server.url).new_page()
        value = client.cookies["sessionid"].value
        cookie = {"name": "sessionid", "value": value, "url": live_server.url}
        page.context.add_cookies([cookie])
        page.goto(live_server.url + "/")
        pages.append(page)
    claim = f"document.querySelector('#i{three[0].number} [data-k=claim]').click()"
    for page in pages:
        page.evaluate(claim)
    told = []
    for page in pages:
        page.locator("#messages .note").first.wait_for()
        told.append(page.locator("#messages").inner_text())
    owner = str(Incident.objects.get(pk=three[0].pk).commander)
    assert sum("is yours" in text for text in told) == 1
    assert sum(f"{owner} has {three[0].key} already" in text for text in told) == 1


def test_a_server_that_is_gone_is_told_and_so_is_its_return(screen, three):
    page = opened(screen)
    page.locator("[data-live].is-live").wait_for()
    page.route("**/queue/rows/**", lambda route: route.abort())
    page.locator("[data-live].is-stale", has_text=re.compile(r"Not updating, last news \d+ s ago"))
    page.locator("[data-live].is-stale").wait_for()
    page.unroute("**/queue/rows/**")
    page.locator("[data-live].is-live").wait_for()
    page.context.set_offline(True)
    page.locator("[data-live]", has_text="You are offline").wait_for()
    page.context.set_offline(False)
    page.locator("[data-live].is-live").wait_for()


def test_what_becomes_late_is_in_the_title_and_is_said_once(screen, company, three, at):
    page = opened(screen)
    Incident.objects.filter(pk=three[2].pk).update(has_missed=True, updated_at=at, version=99)
    expect(page).to_have_title("(1) late · Queue · Belay")
    page.evaluate(
        "const c = document.querySelector('[data-clock]'); c.dataset.due = Date.now() / 1000 - 9e8"
    )
    page.locator("#say", has_text="late").wait_for(state="attached")


def test_a_view_is_saved_and_deleted_and_brought_back(screen, company, three):
    screen.sign_in("agent")
    screen.open("/?severity=1")
    page = screen.page
    page.locator("#q-save summary").click()
    page.fill("#view-name", "Worst")
    page.locator("#q-save button", has_text="Save").click()
    page.locator("#q-tabs [aria-current=page]", has_text="Worst").wait_for()
    screen.open("/queue/views/")
    page.locator(".view-change summary").click()
    page.get_by_role("button", name="Delete Worst").click()
    page.locator("#messages").get_by_role("button", name="Undo").click()
    page.get_by_text("“Worst” is back.").wait_for()
    screen.hold()


def test_a_shift_is_handed_over(screen, company, three, at):
    for each in three:
        perform(each.number, Verb.CLAIM, {"take_over": True}, by=company["agent"], at=at)
    screen.sign_in("agent")
    screen.open("/my-shift/hand-over/")
    page = screen.page
    screen.hold()
    page.locator("#to-person").select_option("agent2")
    page.get_by_role("button", name="Offer the chosen ones").click()
    page.locator("#messages", has_text="3 done").wait_for()
    page.context.clear_cookies()
    screen.sign_in("agent2")
    screen.open("/my-shift/")
    screen.hold()
    page.get_by_role("button", name="Accept all offered to me").click()
    page.locator("#messages", has_text="Taken over: 3 done.").wait_for()


def test_the_first_visit_is_light(screen, company, at):
    for n in range(50):
        open_incident(at, f"k{n}", account="", severity_hint="info")
    answers = []
    screen.page.on("response", lambda answer: answers.append(answer))
    screen.sign_in("agent")
    screen.open("/")
    screen.page.wait_for_load_state("networkidle")
    sizes = {each.url: len(gzip.compress(each.body())) for each in answers}
    assert len(sizes) >= 5
    assert sum(sizes.values()) <= FIRST_VISIT_KB * 1024, sizes
