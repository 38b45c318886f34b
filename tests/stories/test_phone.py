"""Woken at three: one screen says what, why you, and offers the next tap."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalations.models import Handoff, Incident, Notice
from tests.factories.incidents import MAJOR, open_incident

MINUTE = timedelta(minutes=1)


@pytest.fixture
def paged(company, travel, at):
    """An S1 and who was paged for it first."""
    incident = open_incident(at, facts=MAJOR, severity_hint="critical")
    travel.to(at + MINUTE)
    page = Notice.objects.filter(incident=incident, kind="page").order_by("pk").first()
    return incident, page


def screen(client, incident):
    answer = client.get(f"/incidents/{incident.number}/page/")
    assert answer.status_code == 200
    return answer.context["page"], answer.content.decode()


def said(answer):
    return " ".join(str(message) for message in answer.context["messages"])


def test_the_link_of_a_page_opens_the_screen_also_after_signing_in(client, paged):
    incident, page = paged
    path = f"/incidents/{incident.number}/page/"
    assert f"{path}\n" in page.text
    away = client.get(path)
    assert away.status_code == 302 and away["Location"].endswith(f"?next={path}")
    form = {"username": page.recipient.username, "password": "belay-demo", "next": path}
    assert client.post("/accounts/login/", form)["Location"] == path


def test_it_says_what_why_you_and_how_long(client, paged):
    incident, page = paged
    client.force_login(page.recipient)
    found, text = screen(client, incident)
    assert incident.title in text and "S1" in text
    assert "paged 1 min ago as level 1: on call" in found.why_you
    assert found.clock.label == "Acknowledge" and "4:00 left" in text
    assert found.verb == "acknowledge" and "Open everything" in text


def test_one_tap_acknowledges_and_stays_on_the_screen(client, paged):
    incident, page = paged
    client.force_login(page.recipient)
    path = f"/incidents/{incident.number}/page/"
    answer = client.post(f"/incidents/{incident.number}/acknowledge/", {"next": path}, follow=True)
    assert answer.redirect_chain == [(path, 302)]
    found = answer.context["page"]
    assert found.is_mine and found.verb == "" and "You own it" in found.why_you


def test_who_cannot_take_it_pages_the_next_who_is_named_first(client, paged):
    incident, page = paged
    client.force_login(page.recipient)
    found, text = screen(client, incident)
    assert found.backup.username == "" and f"page {found.backup.name}" in text
    before = set(Notice.objects.values_list("pk", flat=True))
    client.post(f"/incidents/{incident.number}/page/", {"to": ""})
    new = Notice.objects.filter(kind="page").exclude(pk__in=before)
    assert ", ".join(str(each.recipient) for each in new) == found.backup.name


def test_the_owner_hands_it_to_the_backup_with_a_packet_that_fills_itself(client, company, paged):
    incident, page = paged
    client.force_login(page.recipient)
    client.post(f"/incidents/{incident.number}/acknowledge/")
    found, text = screen(client, incident)
    assert f"Hand to {found.backup.name}" in text
    answer = client.post(
        f"/incidents/{incident.number}/page/", {"to": found.backup.username}, follow=True
    )
    assert "It is yours until they accept" in said(answer)
    handoff = Handoff.objects.get()
    assert handoff.to_user.username == found.backup.username
    assert incident.title in handoff.summary and "Acknowledged" in handoff.status
    assert Incident.objects.get(pk=incident.pk).commander == page.recipient
    assert answer.context["page"].backup is None
    client.force_login(handoff.to_user)
    assert screen(client, incident)[0].verb == "accept-hand-off"


def test_nobody_else_than_the_named_gets_it(client, company, paged):
    incident, page = paged
    client.force_login(page.recipient)
    client.post(f"/incidents/{incident.number}/acknowledge/")
    answer = client.post(f"/incidents/{incident.number}/page/", {"to": "auditor"}, follow=True)
    assert "look again" in said(answer)
    assert not Handoff.objects.exists()


def test_who_was_not_asked_is_told_so_and_who_may_only_read_has_no_button(client, company, paged):
    incident, page = paged
    client.force_login(company["auditor"])
    found, text = screen(client, incident)
    assert found.why_you == "Nobody paged you for this one."
    assert found.verb == "" and found.backup is None
    assert client.post(f"/incidents/{incident.number}/page/", {"to": ""}).status_code == 403
    client.force_login(company["outsider"])
    assert client.get(f"/incidents/{incident.number}/page/").status_code == 403


def test_the_hand_off_dialog_comes_filled(client, company, paged):
    incident, page = paged
    client.force_login(page.recipient)
    client.post(f"/incidents/{incident.number}/acknowledge/")
    sheet = client.get(f"/incidents/{incident.number}/hand-off/").context["sheet"]
    values = {each.name: each.value for each in sheet.action.fields}
    assert incident.title in values["summary"] and "Acknowledged." in values["status"]
    assert values["next_step"] and values["next_step_due_at"] and not values["to_person"]
