"""Every dialog says what the click will do, and the click then does just that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.apps import apps

from escalations.models import Clock, CustomerLetter, Handoff, Incident, Notice, PostIncidentReview
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from escalations.services.pictures import picture, since, told_since
from escalations.tasks.schedule import sweep
from tests.factories.incidents import MAJOR, open_incident

MINUTE = timedelta(minutes=1)
PACKET = {
    "to_person": "agent2",
    "summary": "Captures fail.",
    "status": "Half moved.",
    "risks": "Throttling.",
    "next_step": "Move the rest.",
    "next_step_owner": "agent2",
    "next_step_due_at": "2026-11-17T12:00",
}
ENDED = {"resolution_code": "fixed", "cause_category": "change", "final_update": "It works again."}
CLAIMED = ((Verb.CLAIM, {"take_over": True}),)
REMEDY = (*CLAIMED, (Verb.MITIGATE, {"plan": "Roll back."}))
HELD = (
    *REMEDY,
    (Verb.PROPOSE_CONTAIN, {"evidence": "No errors."}),
    (Verb.CONFIRM_CONTAIN, {}),
)
WAITS = (*CLAIMED, (Verb.PAUSE, {"reason": "customer_wait", "awaiting": "their logs"}))
# name: (severe?, what was done before, the verb, what is entered)
ACTS = {
    "escalate an S1 nobody answered": (True, (), "escalate", {"reason": "No answer."}),
    "escalate an S3": (False, CLAIMED, "escalate", {"reason": "Stuck."}),
    "hand off": (True, CLAIMED, "hand-off", PACKET),
    "pause": (False, CLAIMED, "pause", {"reason": "customer_wait", "awaiting": "their logs"}),
    "pause an S1 until noon": (
        True,
        CLAIMED,
        "pause",
        {"reason": "third_party_wait", "awaiting": "Acquirer", "next_check_at": "2026-11-17T12:00"},
    ),
    "resume": (True, WAITS, "resume", {}),
    "resolve an S1": (True, HELD, "resolve", ENDED),
    "resolve an S3": (False, REMEDY, "resolve", ENDED),
    "raise to S1": (False, CLAIMED, "set-severity", {"severity": "S1", "reason": "Worse."}),
    "raise unanswered": (False, (), "set-severity", {"severity": "S2", "reason": "Worse."}),
    "lower to S4": (False, CLAIMED, "set-severity", {"severity": "S4", "reason": "Small."}),
    "lower an S1, which two people do": (
        True,
        CLAIMED,
        "set-severity",
        {"severity": "S3", "reason": "Small."},
    ),
    "reopen": (True, (*HELD, (Verb.RESOLVE, ENDED)), "reopen", {"reason": "It is back."}),
    "merge": (False, CLAIMED, "merge", {"reason": "One outage."}),
    "send an update": (True, CLAIMED, "update", {"text": "We are on it."}),
    "mitigate again": (True, HELD, "mitigate", {"relapse_note": "Errors came back."}),
    "cancel": (False, CLAIMED, "cancel", {"reason": "A test."}),
    "claim": (True, (), "claim", {}),
    "snooze": (True, CLAIMED, "snooze", {"until": "2026-11-17T12:00", "reason": "Vendor works."}),
}


@pytest.fixture
def duty(client, company, travel, at):
    travel.to(at)
    client.force_login(company["duty"])
    return client


@pytest.fixture
def stands(company, travel, at):
    """An incident with a life behind it, a minute ago."""

    def make(is_severe, before):
        severe = {"facts": MAJOR, "severity_hint": "critical"}
        more = severe if is_severe else {"account": ""}
        incident = open_incident(at, **more)
        travel.to(at + MINUTE)
        for verb, given in before:
            perform(incident.number, verb, given, by=company["duty"], at=at + MINUTE)
        travel.to(at + 2 * MINUTE)
        return incident

    return make


def alike(found):
    """Without the keys of rows, which are drawn anew each time."""
    clocks = tuple(replace(clock, pk=0) for clock in found.clocks)
    return replace(found, clocks=clocks, pending=frozenset(range(len(found.pending))))


def rows_of_everything():
    return {m._meta.label: m._default_manager.count() for m in apps.get_models() if m._meta.managed}


@pytest.mark.parametrize("act", ACTS)
def test_what_is_foretold_is_what_happens(duty, stands, at, act):
    is_severe, before, verb, entered = ACTS[act]
    incident = stands(is_severe, before)
    numbers = [incident.number]
    if verb == "merge":
        other = open_incident(at, "other", facts=MAJOR)
        numbers.append(other.number)
        entered = {**entered, "into": other.key}
    url = f"/incidents/{incident.number}/{verb}/"
    counted = rows_of_everything()
    sheet = duty.post(url, {**entered, "preview": "1"}).context["sheet"]
    assert rows_of_everything() == counted, "a look wrote something"
    told = sheet.rehearsal
    assert told.refusals == () and sheet.errors == ()
    mark = since(numbers)
    assert bool(told.customer_reads) == (verb in ("update", "resolve"))
    answer = duty.post(url, {**entered, "sheet": "1", "expected_version": str(sheet.version)})
    assert answer.status_code == 302
    assert alike(picture(incident.number)) == alike(told.after)
    assert told_since(mark, numbers) == told.told
    letters = CustomerLetter.objects.filter(pk__gt=mark.letter)
    assert tuple(letters.values_list("name", flat=True)) == told.written_to
    assert {each.text for each in letters} <= set(told.customer_reads)
    if told.other:
        assert alike(picture(numbers[1])) == alike(told.other[1])


def seen(client, incident, verb, **entered):
    return (
        client.post(f"/incidents/{incident.number}/{verb}/", {**entered, "preview": "1"})
        .context["sheet"]
        .foreseen
    )


def words(lines):
    return " ".join(line.text for line in lines)


def test_escalating_names_who_is_paged_by_which_ways_and_who_would_be_next(
    duty, stands, travel, at
):
    incident = stands(True, ())
    before = set(Notice.objects.values_list("pk", flat=True))
    found = seen(duty, incident, "escalate")
    duty.post(f"/incidents/{incident.number}/escalate/", {"reason": "No answer."})
    paged = Notice.objects.filter(kind="page", cancelled_at=None).exclude(pk__in=before)
    names = {str(row.recipient) for row in paged}
    assert names and {line.text.split(" by ")[0] for line in found.paged} == names
    assert all(" by mail" in line.text or "chat" in line.text for line in found.paged)
    run = incident.ladder_runs.get(state="active")
    before |= set(Notice.objects.values_list("pk", flat=True))
    sweep(run.next_step_at)
    later = Notice.objects.filter(kind="page").exclude(pk__in=before)
    assert later
    for row in later:
        assert str(row.recipient) in words(found.then)
    assert f"{run.next_step_at:%H:%M} UTC" in words(found.then)


def test_a_pause_shows_the_deadlines_after_the_wait(duty, stands, travel, at):
    incident = stands(True, CLAIMED)
    entered = {"reason": "customer_wait", "awaiting": "Logs", "next_check_at": "2026-11-17T12:00"}
    found = seen(duty, incident, "pause", **entered)
    shown = {line.label: line.then for line in found.clocks}
    duty.post(f"/incidents/{incident.number}/pause/", entered)
    travel.to(at + timedelta(hours=2))
    duty.post(f"/incidents/{incident.number}/resume/")
    for kind, label in (("restore", "Restore"), ("resolution", "Resolve")):
        due = Clock.objects.get(incident=incident, kind=kind).due_at
        assert f"{due:%H:%M} UTC" in shown[label]
    assert "Next update" not in shown and "Next update runs on." in words(found.then)


def test_a_hand_off_says_what_the_receiver_gets_and_when_it_comes_back(duty, stands, at):
    incident = stands(True, CLAIMED)
    found = seen(duty, incident, "hand-off", **PACKET)
    assert "Please accept a hand-off" in words(found.told) and found.clocks == ()
    assert "10:12 UTC" in words(found.then) and "Every clock stays as it is." in words(found.then)
    assert not Handoff.objects.exists()


def test_resolving_shows_the_letter_the_clocks_and_the_review(duty, stands):
    incident = stands(True, HELD)
    found = seen(duty, incident, "resolve", **ENDED)
    assert found.customer_reads[0].startswith("It works again.") and found.written_to
    assert {line.change for line in found.clocks} == {"stops"}
    assert "A review opens" in words(found.then)
    assert not PostIncidentReview.objects.exists()


def test_a_form_that_is_still_empty_shows_the_effect_already(duty, stands):
    incident = stands(True, HELD)
    answer = duty.get(f"/incidents/{incident.number}/resolve/")
    found = answer.context["sheet"].foreseen
    assert found.customer_reads[0].startswith("What you write above.")
    assert "A review opens" in answer.content.decode()


def test_what_cannot_be_done_says_why_before_the_click(duty, stands):
    incident = stands(True, CLAIMED)
    found = duty.get(f"/incidents/{incident.number}/resolve/").context["sheet"].foreseen
    assert any("Legal from" in sentence for sentence in found.refusals)
    unsure = duty.get(f"/incidents/{incident.number}/hand-off/").context["sheet"].foreseen
    assert unsure.refusals and not unsure.told


def test_what_was_typed_is_not_lost_when_it_is_refused(duty, stands):
    incident = stands(True, CLAIMED)
    entered = {**PACKET, "to_person": "auditor", "sheet": "1"}
    answer = duty.post(f"/incidents/{incident.number}/hand-off/", entered)
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "cannot work incidents" in text and "Captures fail." in text
    wrong = duty.post(f"/incidents/{incident.number}/pause/", {"reason": "lunch", "sheet": "1"})
    assert wrong.status_code == 409 and "Waiting for" in " ".join(wrong.context["sheet"].errors)


def test_every_dialog_opens_with_nothing_entered(duty, stands):
    incident = stands(True, REMEDY)
    version = Incident.objects.get(pk=incident.pk).version
    for verb in Verb:
        answer = duty.get(f"/incidents/{incident.number}/{verb.value}/")
        assert answer.status_code in (200, 403), verb
        if answer.status_code == 200:
            found = answer.context["sheet"].foreseen
            assert found.refusals or found.then or found.told or found.customer_reads, verb
    assert Incident.objects.get(pk=incident.pk).version == version


@pytest.mark.parametrize(
    ("verb", "field", "value"),
    [
        ("pause", "next_check_at", "soon"),
        ("pause", "next_check_at", "2020-01-01T00:00"),
        ("merge", "into", "99999999999999999999"),
        ("merge", "into", "x"),
        ("set-severity", "severity", "S9"),
        ("hand-off", "next_step_due_at", "9999-99-99T99:99"),
        ("note", "text", "x" * 5000),
        ("escalate", "reason", "\x00"),
    ],
)
def test_nonsense_is_answered_with_a_sentence(duty, stands, verb, field, value):
    incident = stands(True, CLAIMED)
    url = f"/incidents/{incident.number}/{verb}/"
    for step in ({"preview": "1"}, {"sheet": "1"}):
        assert duty.post(url, {field: value, **step}).status_code in (200, 302, 400, 409)


def test_what_moved_on_meanwhile_is_shown_anew_before_a_second_click(duty, company, stands, at):
    incident = stands(True, CLAIMED)
    url = f"/incidents/{incident.number}/escalate/"
    seen = duty.get(url).context["sheet"].version
    perform(incident.number, Verb.NOTE, {"text": "x"}, by=company["agent"], at=at + 2 * MINUTE)
    entered = {"reason": "Stuck.", "sheet": "1"}
    stale = duty.post(url, {**entered, "expected_version": seen})
    assert stale.status_code == 409 and "changed meanwhile" in stale.content.decode()
    fresh = stale.context["sheet"].version
    assert duty.post(url, {**entered, "expected_version": fresh}).status_code == 302


def test_who_may_not_do_it_is_not_shown_it(client, company, stands):
    incident = stands(False, ())
    client.force_login(company["auditor"])
    assert client.get(f"/incidents/{incident.number}/escalate/").status_code == 403
    client.force_login(company["agent"])
    assert client.get(f"/incidents/{incident.number}/cancel/").status_code == 403
    assert client.get(f"/incidents/{incident.number}/sing/").status_code == 404
    client.force_login(company["outsider"])
    assert client.get(f"/incidents/{incident.number}/escalate/").status_code == 403


def test_a_page_that_is_open_gets_the_part_alone(duty, stands):
    incident = stands(True, CLAIMED)
    url = f"/incidents/{incident.number}/pause/"
    part = duty.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part and 'id="act-pause"' in part and 'id="foreseen"' in part
    effect = duty.post(url, {"preview": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert effect.lstrip().startswith("<div") and "<form" not in effect


def test_an_incident_of_somebody_else_is_not_shown_by_merging_into_it(duty, stands):
    incident = stands(False, CLAIMED)
    found = seen(duty, incident, "merge", into="999", reason="One outage.")
    assert found.refusals and not found.clocks
    assert Incident.objects.get(pk=incident.pk).state == "acknowledged"
