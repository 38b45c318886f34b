"""Many incidents at once: groups, storms, and what one person's phone can bear."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from escalations.models import Incident, LadderRun, Notice, Storm
from escalations.services import notices
from escalations.services.storms import settle_storm
from tests.factories.incidents import MAJOR, open_incident

MINUTE = timedelta(minutes=1)


def many(count, at, **more):
    every = more.pop("every", timedelta(seconds=1))
    return [open_incident(at + i * every, key=f"k{i}", **more) for i in range(count)]


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
