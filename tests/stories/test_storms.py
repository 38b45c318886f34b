"""Many incidents at once: groups, storms, and what one person's phone can bear."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.module_loading import import_string
from django_q.models import OrmQ

from accounts.models import Account
from escalations.models import Drill, Incident, LadderRun, Notice, Storm, TimelineEvent
from escalations.rules.lifecycle import Verb
from escalations.services import notices
from escalations.services.moves import perform
from escalations.services.severity import FOLLOW
from escalations.services.signals import SignalMessage, receive_signal
from escalations.services.storms import settle_storm
from escalations.services.timers import settle_clock
from tests.factories.incidents import MAJOR, open_incident

MINUTE = timedelta(minutes=1)


def many(count, at, **more):
    every = more.pop("every", timedelta(seconds=1))
    return [open_incident(at + i * every, key=f"k{i}", **more) for i in range(count)]


def run_jobs():
    """Every job asked for so far, as the cluster would; each may come twice."""
    for job in OrmQ.objects.order_by("pk"):
        path, args = job.task["func"], job.task["args"]
        if path == FOLLOW:
            for _ in range(2):
                import_string(path)(*args)
        job.delete()


def test_incidents_of_one_customer_within_five_minutes_come_under_the_first(company, at):
    first, second = many(2, at, every=4 * MINUTE)
    third = open_incident(at + 8 * MINUTE, key="third")
    later = open_incident(at + 14 * MINUTE, key="later")
    assert [each.parent_id for each in (first, second, third, later)] == [
        None,
        first.number,
        first.number,
        None,
    ]
    assert Incident.objects.open().count() == 4, "each is an incident of its own"
    assert not Storm.objects.exists()


def test_the_parts_of_a_group_page_as_if_they_were_alone(company, at):
    rows = many(3, at, facts=MAJOR, severity_hint="critical")
    assert {row.parent_id for row in rows[1:]} == {rows[0].number}
    assert set(LadderRun.objects.values_list("incident", flat=True)) == {r.number for r in rows}


def test_a_group_lasts_an_hour_at_most(company, at):
    rows = many(17, at, every=4 * MINUTE)
    heads = [row.number for row in rows if row.parent_id is None]
    assert heads == [rows[0].number, rows[16].number]


def test_the_first_becomes_as_severe_as_its_worst_part(company, at):
    first = open_incident(at, key="mild", severity_hint="info")
    open_incident(at + MINUTE, key="bad", facts=MAJOR, severity_hint="critical")
    run_jobs()
    first.refresh_from_db()
    assert first.severity == 1


def test_a_storm_pages_once_and_lists_the_rest(company, at):
    rows = many(14, at, facts=MAJOR, severity_hint="critical")
    storm = Storm.objects.get()
    assert (storm.dimension, storm.parent, storm.suppressed) == ("account:northwind", rows[0], 4)
    paged = set(LadderRun.objects.values_list("incident", flat=True))
    assert paged == {row.number for row in rows[:10]}
    assert Incident.objects.open().count() == 14


def test_in_a_storm_an_s1_of_a_customer_not_heard_of_yet_still_pages(company, at):
    for i in range(34):
        open_incident(at, key=f"k{i}", account=None, product_area=f"area {i}", facts=MAJOR)
    assert Storm.objects.get().dimension == "all"
    strange = open_incident(at, key="new", account="acme", facts=MAJOR)
    again = open_incident(at, key="again", account="acme", facts=MAJOR)
    assert strange.ladder_runs.exists()
    assert not again.ladder_runs.exists()
    assert strange.parent_id == again.parent_id == Storm.objects.get().parent_id


def test_a_storm_ends_after_fifteen_calm_minutes_and_wakes_who_waits(company, at):
    rows = many(12, at, facts=MAJOR, severity_hint="critical")
    storm = Storm.objects.get()
    settle_storm(storm.pk, storm.look_at - MINUTE)
    assert Storm.objects.get().ended_at is None
    # The rate falls below half (5) when the fifth last leaves the window of five minutes.
    expected = at + timedelta(seconds=7) + 20 * MINUTE
    settle_storm(storm.pk, expected + MINUTE)
    storm.refresh_from_db()
    assert (storm.ended_at, storm.look_at) == (expected, None)
    assert rows[-1].ladder_runs.get().steps.exists(), "nobody answered it, so it climbs now"


def test_the_queue_says_that_a_storm_lasts(company, at, client, travel):
    rows = many(12, at)
    client.force_login(company["agent"])
    page = client.get("/").content.decode()
    assert "Storm, Northwind" in page and f"INC-{rows[0].number}" in page
    child = client.get(f"/incidents/{rows[3].number}/").content.decode()
    assert "Came together" in child and "The first of them" in child
    found = client.get("/api/v1/storms/").json()["results"]
    assert [row["parent"] for row in found] == [rows[0].number]


def test_a_burst_under_one_customer_asks_no_more_of_the_database(company, at):
    def cost(count, prefix):
        from escalations.models import Signal
        from escalations.services.incidents import open_incidents

        account = Account.objects.get(external_id=prefix)
        signals = [
            Signal.objects.create(
                source="s",
                dedup_key=uuid.uuid4().hex,
                title="t",
                account=account,
                first_at=at,
                last_at=at,
                received_at=at,
            )
            for i in range(count)
        ]
        with CaptureQueriesContext(connection) as seen:
            open_incidents(signals, at=at)
        return len(seen)

    cost(1, "acme")
    few = cost(2, "acme")
    assert cost(7, "acme") <= few + 4


# --- one person's phone -----------------------------------------------------------------------------
def test_pages_to_one_person_wait_and_then_travel_together(
    company, at, travel, monkeypatch, mailoutbox
):
    monkeypatch.setattr(notices, "now", lambda: travel.at)
    rows = [
        open_incident(at, key=f"k{i}", account=None, product_area=f"a{i}", category="outage")
        for i in range(8)
    ]
    assert {row.severity for row in rows} == {2}
    pages = Notice.objects.filter(kind="page")
    person = pages.first().recipient
    assert pages.filter(recipient=person).count() == 8

    def go(seconds):
        travel.to(at + timedelta(seconds=seconds))
        notices.deliver_due(travel.at)
        return pages.filter(recipient=person, sent_at__isnull=False).count()

    assert go(0) == 1
    assert pages.filter(recipient=person, delay_reason="at most 1 a minute").count() == 7
    assert [go(60 * i) for i in range(1, 5)] == [2, 3, 4, 5]
    assert go(300) == 5, "five in a quarter of an hour: the rest comes together"
    assert go(240 + 300) == 8
    assert pages.filter(bundle__isnull=False).count() == 2
    assert any(mail.subject.startswith("3 pages together") for mail in mailoutbox)


def test_the_first_page_of_an_s1_never_waits(company, at, travel, monkeypatch):
    monkeypatch.setattr(notices, "now", lambda: travel.at)
    for i in range(6):
        open_incident(at, key=f"k{i}", account=None, product_area=f"a{i}", facts=MAJOR)
    notices.deliver_due(at)
    assert not Notice.objects.filter(kind="page", sent_at=None).exists()


def test_other_notices_are_never_held_back(company, at, travel, monkeypatch):
    monkeypatch.setattr(notices, "now", lambda: travel.at)
    many(12, at)
    notices.deliver_due(at + MINUTE)
    assert not Notice.objects.pending().exclude(kind="page").exists()


# --- parts that change later ------------------------------------------------------------------------
def raised(incident, company, at, severity="S2"):
    given = {"severity": severity, "reason": "It spreads."}
    perform(incident.number, Verb.SET_SEVERITY, given, by=company["duty"], at=at)
    run_jobs()


def test_the_first_follows_a_part_that_gets_worse_later(company, at):
    first, second = many(2, at, severity_hint="info")
    raised(second, company, at + 20 * MINUTE)
    first.refresh_from_db()
    assert (first.severity, first.updated_at) == (2, at + 20 * MINUTE)
    assert first.ladder_runs.get().started_at == at + 20 * MINUTE
    told = TimelineEvent.objects.get(incident=first, kind="severity")
    assert told.reason == "one of the incidents with it is that severe"


def test_the_first_does_not_follow_a_part_that_is_still_milder_or_once_it_is_over(company, at):
    first, second = many(2, at, severity_hint="info")
    perform(
        first.number,
        Verb.SET_SEVERITY,
        {"severity": "S1", "reason": "Worse."},
        by=company["duty"],
        at=at,
    )
    raised(second, company, at + MINUTE)
    first.refresh_from_db()
    assert first.severity == 1
    Incident.objects.filter(pk=first.pk).update(state="cancelled", severity=4)
    raised(second, company, at + 2 * MINUTE, "S1")
    first.refresh_from_db()
    assert first.severity == 4


def test_a_part_that_was_held_back_and_gets_worse_lets_the_first_page(company, at):
    rows = many(13, at, severity_hint="info")
    child = rows[-1]
    assert child.held_by == Storm.objects.get()
    raised(child, company, at + MINUTE)
    assert not child.ladder_runs.exists()
    assert rows[0].ladder_runs.exists()


def test_a_part_from_before_the_storm_climbs_by_itself_when_it_gets_worse(company, at):
    rows = many(13, at, severity_hint="info")
    early = rows[4]
    assert (early.parent, early.held_by) == (rows[0], None)
    raised(early, company, at + MINUTE)
    assert early.ladder_runs.get().started_at == at + MINUTE


def test_whose_first_ended_during_the_storm_is_woken_all_the_same(company, at):
    rows = many(12, at, facts=MAJOR, severity_hint="critical")
    held = rows[-1]
    first = Storm.objects.get().parent
    ended = SignalMessage("pager", "k0", False, "over", at + MINUTE)
    receive_signal(ended, by=None, at=at + MINUTE)
    late = open_incident(at + 2 * MINUTE, key="late", facts=MAJOR, severity_hint="critical")
    storm = Storm.objects.get()
    assert (storm.parent, held.parent) == (late, first)
    settle_storm(storm.pk, storm.look_at + 60 * MINUTE)
    assert held.ladder_runs.get().steps.exists()


def test_a_mild_part_whose_answer_is_late_waits_for_the_end_of_the_storm_too(company, at):
    rows = many(13, at, severity_hint="info")
    child = rows[-1]
    response = child.clocks.get(kind="response")
    storm = Storm.objects.get()
    Storm.objects.filter(pk=storm.pk).update(look_at=response.due_at + 60 * MINUTE)
    settle_clock(response.pk, response.due_at + MINUTE)
    assert not child.ladder_runs.exists()
    settle_storm(storm.pk, response.due_at + 60 * MINUTE)
    assert child.ladder_runs.exists()


def test_a_storm_of_a_drill_counts_nothing_for_the_real_one(company, at):
    many(12, at)
    real = Storm.objects.get()
    drill = Drill.objects.create(name="Rehearsal", started_at=at, clock_at=at)
    other = Storm.objects.create(
        dimension=real.dimension, parent=real.parent, started_at=at, look_at=at, drill=drill
    )
    open_incident(at + MINUTE, key="more")
    other.refresh_from_db()
    real.refresh_from_db()
    assert (real.suppressed, other.suppressed) == (3, 0)


def test_the_api_names_the_first_of_a_group(company, at, client, travel):
    first, second = many(2, at)
    client.force_login(company["agent"])
    read = [client.get(f"/api/v1/incidents/{row.number}/").json() for row in (first, second)]
    assert [row["parent"] for row in read] == [None, first.number]
