"""Ten seconds to take an act back, as long as nothing has left the house."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalations.models import Clock, Incident, Notice, TimelineEvent
from escalations.rules.lifecycle import Verb
from escalations.services import notices
from escalations.services.moves import perform
from escalations.services.pictures import picture
from escalations.services.undo import _bare, act
from tests.factories.incidents import MAJOR, open_incident

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
PAUSE = {"reason": "customer_wait", "awaiting": "their logs"}


@pytest.fixture
def owned(client, company, travel, at):
    """An S3 that `agent` owns, whose browser `client` is."""
    incident = open_incident(at, account="")
    perform(incident.number, Verb.CLAIM, {}, by=company["agent"], at=at)
    travel.to(at + MINUTE)
    client.force_login(company["agent"])
    return incident


def press(client, incident, verb, **entered):
    """The receipt that stands beside the message."""
    answer = client.post(f"/incidents/{incident.number}/{verb}/", entered, follow=True)
    [message] = list(answer.context["messages"])
    return message.extra_tags or ""


def take_back(client, receipt):
    answer = client.post("/undo/", {"receipt": receipt}, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


ACTS = {
    "pause": ((), "pause", PAUSE),
    "resume": (((Verb.PAUSE, PAUSE),), "resume", {}),
    "lower": ((), "set-severity", {"severity": "S4", "reason": "Small."}),
    "raise": (
        ((Verb.SET_SEVERITY, {"severity": "S4", "reason": "Small."}),),
        "set-severity",
        {"severity": "S3", "reason": "Not so small."},
    ),
    "note": ((), "note", {"text": "Wrong window."}),
}


@pytest.mark.parametrize("name", ACTS)
def test_what_was_taken_back_is_as_if_it_had_not_been(client, company, owned, travel, at, name):
    lived, verb, entered = ACTS[name]
    for each, given in lived:
        perform(owned.number, each, given, by=company["agent"], at=at + 30 * SECOND)
    before = _bare(picture(owned.number))
    receipt = press(client, owned, verb, **entered)
    assert receipt
    travel.to(at + MINUTE + 8 * SECOND)
    assert "taken back" in take_back(client, receipt)
    assert _bare(picture(owned.number)) == before
    event = TimelineEvent.objects.get(incident=owned, kind="undone")
    assert event.actor == company["agent"]
    assert "moved on" in take_back(client, receipt), "a receipt is good for once"


def test_a_pause_taken_back_stopped_no_clock_for_a_moment(client, owned, travel, at):
    due = dict(Clock.objects.filter(incident=owned).values_list("kind", "due_at"))
    receipt = press(client, owned, "pause", **PAUSE)
    travel.to(at + MINUTE + 9 * SECOND)
    take_back(client, receipt)
    assert dict(Clock.objects.filter(incident=owned).values_list("kind", "due_at")) == due
    clock = Clock.objects.get(incident=owned, kind="resolution")
    assert [each.type for each in clock.events.order_by("seq")] == ["start", "pause", "resume"]


def test_a_take_over_gives_it_back_to_its_owner(client, company, owned, travel, at):
    client.force_login(company["agent2"])
    receipt = press(client, owned, "claim", take_over="on")
    assert Incident.objects.get(pk=owned.pk).commander == company["agent2"]
    assert "taken back" in take_back(client, receipt)
    assert Incident.objects.get(pk=owned.pk).commander == company["agent"]


def test_after_ten_seconds_it_stands(client, owned, travel, at):
    receipt = press(client, owned, "pause", **PAUSE)
    travel.to(at + MINUTE + 14 * SECOND)
    assert "Ten seconds are over" in take_back(client, receipt)
    assert Clock.objects.filter(incident=owned, run_state="paused").exists()


def test_what_somebody_was_told_meanwhile_stands(client, company, owned, travel, at):
    receipt = press(client, owned, "pause", **PAUSE)
    letter = Notice.objects.filter(incident=owned).first()
    Notice.objects.create(
        key="news-of-the-pause",
        incident=owned,
        kind="news",
        recipient=letter.recipient,
        address=letter.address,
        subject="News",
        text="News",
        created_at=at + MINUTE,
        not_before=at + MINUTE,
    )
    notices.lease(at + MINUTE)
    assert "told already" in take_back(client, receipt)


def test_a_message_that_still_waits_is_cancelled_with_the_act(client, company, owned, at):
    receipt = press(client, owned, "pause", **PAUSE)
    letter = Notice.objects.filter(incident=owned).first()
    Notice.objects.create(
        key="news-of-the-pause",
        incident=owned,
        kind="news",
        recipient=letter.recipient,
        address=letter.address,
        subject="News",
        text="News",
        created_at=at + MINUTE,
        not_before=at + MINUTE,
    )
    assert "taken back" in take_back(client, receipt)
    assert Notice.objects.get(key="news-of-the-pause").cancelled_at


def test_nobody_undoes_for_somebody_else(client, company, owned):
    receipt = press(client, owned, "pause", **PAUSE)
    client.force_login(company["agent2"])
    assert "Only whoever did it" in take_back(client, receipt)
    assert "not one of ours" in take_back(client, receipt[:-2])


# What pages or is read by others, or stops a clock for good, is not pretended to be undone.
@pytest.mark.parametrize(
    ("verb", "given"),
    [
        (Verb.ESCALATE, {"reason": "Stuck."}),
        (Verb.UPDATE, {"text": "We are on it."}),
        (Verb.SET_SEVERITY, {"severity": "S1", "reason": "Worse."}),
        (Verb.CLAIM, {}),
    ],
)
def test_what_cannot_be_put_back_offers_no_undo(company, at, verb, given):
    incident = open_incident(at, facts=MAJOR if verb is Verb.UPDATE else {}, account="")
    _, receipt = act(incident.number, verb, given, by=company["agent"], at=at)
    assert receipt == ""
