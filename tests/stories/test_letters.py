"""Writing to a customer: kept while typed, seen before it leaves, and known to have arrived."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django_q.models import OrmQ

from accounts.models import Contact
from escalations.channels import email
from escalations.models import (
    Clock,
    CustomerLetter,
    Drill,
    Incident,
    Notice,
    TimelineEvent,
    UpdateDraft,
)
from escalations.rules.lifecycle import Verb
from escalations.services.letters import send_letter
from escalations.services.moves import perform
from escalations.tasks.schedule import sweep
from tests.factories.incidents import MAJOR, open_incident

MINUTE = timedelta(minutes=1)


@pytest.fixture
def owned(client, company, travel, at):
    """An S1 of a customer that `agent` owns, whose browser `client` is."""
    incident = open_incident(at, facts=MAJOR, severity_hint="critical")
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=company["agent"], at=at)
    travel.to(at + MINUTE)
    client.force_login(company["agent"])
    return incident


def post(client, incident, part, **entered):
    return client.post(f"/incidents/{incident.number}/{part}/", entered)


def due_letters(at):
    """What the clock and its jobs do: the letters' own mails."""
    sweep(at)
    return [send_letter(pk, at) for pk in CustomerLetter.objects.values_list("pk", flat=True)]


def test_what_is_typed_is_kept_for_this_person_until_it_is_sent(client, company, owned):
    post(client, owned, "draft", text="We see fewer err")
    post(client, owned, "draft", text="We see fewer errors now.")
    assert UpdateDraft.objects.get().text == "We see fewer errors now."
    page = client.get(f"/incidents/{owned.number}/").content.decode()
    assert "We see fewer errors now.</textarea>" in page and "Your draft of" in page
    client.force_login(company["agent2"])
    other = client.get(f"/incidents/{owned.number}/").content.decode()
    assert "We see fewer errors now." not in other
    client.force_login(company["agent"])
    post(client, owned, "update", text="We see fewer errors now.")
    assert not UpdateDraft.objects.exists()


def test_an_emptied_draft_is_none_and_a_book_is_refused(client, owned):
    post(client, owned, "draft", text="x")
    post(client, owned, "draft", text=" ")
    assert not UpdateDraft.objects.exists()
    assert "4000 characters" in post(client, owned, "draft", text="x" * 4001).content.decode()


def test_the_preview_is_the_letter_that_leaves(client, owned, at):
    seen = post(client, owned, "draft", text="A fix is in testing.").context["letter"]
    assert "You hear from us again by 10:31 UTC." in seen.text
    post(client, owned, "update", text="A fix is in testing.")
    letters = list(CustomerLetter.objects.all())
    assert {(each.subject, each.text) for each in letters} == {(seen.subject, seen.text)}
    assert tuple(each.name for each in letters) == seen.to
    due = Clock.objects.get(incident=owned, kind="cadence").due_at
    assert f"by {due:%H:%M} UTC" in letters[0].text


def test_letters_leave_once_and_their_arrival_stands_on_the_timeline(client, owned, travel, at):
    post(client, owned, "update", text="A fix is in testing.")
    addresses = set(Contact.objects.filter(account=owned.account).values_list("email", flat=True))
    assert due_letters(at + MINUTE) == ["sent"] * len(addresses)
    assert {address for letter in mail.outbox for address in letter.to} == addresses
    assert due_letters(at + 2 * MINUTE) == ["ended"] * len(addresses)
    assert len(mail.outbox) == len(addresses)
    told = TimelineEvent.objects.filter(incident=owned, kind="letter_sent")
    assert {event.sentence.split(" left for ")[1] for event in told} == {
        f"{name} by mail." for name in CustomerLetter.objects.values_list("name", flat=True)
    }
    page = client.get(f"/incidents/{owned.number}/").content.decode()
    assert "taken by the mail server" in page
    assert not any(address in page for address in addresses)


def test_a_server_that_takes_nothing_is_tried_for_hours_and_then_the_owner_knows(
    client, owned, travel, at, monkeypatch
):
    post(client, owned, "update", text="A fix is in testing.")
    letter = CustomerLetter.objects.first()

    def refuse(letter):
        raise ConnectionRefusedError

    monkeypatch.setattr(email, "send_plain", refuse)
    now, tries = at + MINUTE, 0
    while CustomerLetter.objects.get(pk=letter.pk).try_at:
        now = CustomerLetter.objects.get(pk=letter.pk).try_at
        sweep(now)
        send_letter(letter.pk, now)
        tries += 1
    assert tries == 8 and now - at > timedelta(hours=2)
    assert TimelineEvent.objects.filter(incident=owned, kind="letter_failed").exists()
    assert Notice.objects.filter(key__contains=f"letter:{letter.pk}").exists()


def test_a_contact_who_left_is_not_written_to(client, owned, at):
    post(client, owned, "update", text="A fix is in testing.")
    Contact.objects.filter(account=owned.account).update(is_active=False, is_primary=False)
    assert all("no address any more" in said for said in due_letters(at + MINUTE))
    assert mail.outbox == []


def test_a_job_that_is_lost_is_asked_for_again(client, owned, at):
    post(client, owned, "update", text="A fix is in testing.")
    sweep(at + MINUTE)
    OrmQ.objects.all().delete()
    sweep(at + 3 * MINUTE)
    assert OrmQ.objects.count() >= CustomerLetter.objects.count()


def test_no_change_is_one_click_and_keeps_the_promise(client, owned, travel, at):
    travel.to(at + 20 * MINUTE)
    post(client, owned, "no-change")
    clock = Clock.objects.get(incident=owned, kind="cadence")
    assert clock.on_time == 1 and clock.due_at == at + 50 * MINUTE
    letter = CustomerLetter.objects.first()
    assert "no change" in letter.text and "again by 10:50 UTC" in letter.text


def test_a_proposed_draft_fits_what_was_said_and_a_person_sends_it(client, company, travel, at):
    travel.to(at)
    incident = open_incident(at, facts=MAJOR, severity_hint="critical")
    perform(incident.number, Verb.CLAIM, {"take_over": True}, by=company["agent"], at=at)
    client.force_login(company["agent"])
    url = f"/incidents/{incident.number}/"
    proposal = client.get(url).context["proposal"]
    assert proposal.value.startswith("first-update:")
    page = client.get(url, {"template": "first-update:en"})
    [text] = [f.value for a in page.context["page"].actions if a.verb == "update" for f in a.fields]
    assert "write again by 10:30 UTC" in text
    assert not CustomerLetter.objects.exists()
    post(client, incident, "update", text=text)
    assert "hear from us" not in CustomerLetter.objects.first().text, "one promise, said once"
    assert client.get(url).context["proposal"].value.startswith("still-working:")


def test_a_final_update_promises_nothing_more(client, company, owned, at):
    duty = company["duty"]
    for verb, given in (
        (Verb.MITIGATE, {"plan": "Roll back."}),
        (Verb.PROPOSE_CONTAIN, {"evidence": "No errors."}),
        (Verb.CONFIRM_CONTAIN, {}),
        (
            Verb.RESOLVE,
            {"resolution_code": "fixed", "cause_category": "change", "final_update": "It works."},
        ),
    ):
        perform(owned.number, verb, given, by=duty, at=at + MINUTE)
    assert all("hear from us" not in each.text for each in CustomerLetter.objects.all())


def test_a_drill_writes_to_nobody(company, at):
    incident = open_incident(at, facts=MAJOR)
    drill = Drill.objects.create(name="d", started_at=at, clock_at=at)
    Incident.objects.filter(pk=incident.pk).update(drill=drill)
    perform(incident.number, Verb.UPDATE, {"text": "x"}, by=company["agent"], at=at)
    assert not CustomerLetter.objects.exists()


def test_who_is_told_what_stands_on_the_page(client, owned):
    contract = client.get(f"/incidents/{owned.number}/").context["page"].contract
    lines = {party.what: (party.who, party.when, party.channel) for party in contract.parties}
    assert lines["Updates"][0].startswith(f"{owned.account.name}: ")
    assert lines["Updates"][1:] == ("every 30 min", "mail")
    assert str(owned.account.sponsor) in lines["Each missed update"][0]


def test_a_missed_promise_goes_to_the_sponsor(owned, travel, at):
    sweep(at + 31 * MINUTE)
    sponsor = owned.account.sponsor
    missed = Notice.objects.filter(incident=owned, recipient=sponsor, key__contains="miss")
    assert [row.text.split("\n")[1] for row in missed] == ["Customer update missed"]


def test_who_may_only_read_writes_to_nobody(client, company, owned):
    client.force_login(company["auditor"])
    for part in ("draft", "no-change"):
        assert post(client, owned, part, text="x").status_code == 403
    assert not UpdateDraft.objects.exists()
