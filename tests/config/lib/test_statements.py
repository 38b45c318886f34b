"""Statements written out store what Django would, column by column."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Account
from config.lib import statements
from config.lib.databases import is_prepared, prepared
from config.lib.statements import ask, insert, marks, moment, reserve
from escalations.models import (
    Clock,
    ClockEvent,
    Fact,
    Incident,
    LadderRun,
    LadderStep,
    Notice,
    PolicyVersion,
    Responder,
    Signal,
    TimelineEvent,
)
from escalations.services.signals import SignalMessage, receive_signal
from tests.factories.incidents import MAJOR

AT = datetime(2026, 11, 17, 10, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
STORED = (
    Incident,
    Fact,
    Responder,
    Signal,
    Clock,
    ClockEvent,
    LadderRun,
    LadderStep,
    TimelineEvent,
    Notice,
)


def rows_of(model):
    """Raw rows, keys and all that names them left out."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {model._meta.db_table} ORDER BY {model._meta.pk.column}")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, map(plain, row), strict=True)) for row in cursor.fetchall()]


def plain(value):
    return f"{type(value).__name__} {value}"


def by_django(rows, *, with_keys=True, is_repeat_fine=False):
    rows = list(rows)
    if rows:
        type(rows[0]).objects.bulk_create(rows, ignore_conflicts=is_repeat_fine)


MESSAGES = (
    {"facts": MAJOR, "anchors": {"business": 3}, "severity_hint": "critical"},
    {"title": "Ünïcode ' \" % %s \\ 𝄞", "body": "two\nlines", "category": "outage"},
    {"account": None, "product_area": "cards"},
)


def opened(at, account):
    """What the rows of all these look like, and then nothing of them is left."""
    with transaction.atomic():
        for place, more in enumerate(MESSAGES):
            given = {"title": "Trouble", "account": account, "body": "", **more}
            message = SignalMessage(
                source="pager", dedup_key=f"k{place}", is_firing=True, received_at=at, **given
            )
            receive_signal(message, by=None, at=at)
        found = {model.__name__: rows_of(model) for model in STORED}
        transaction.set_rollback(True)
    return found


def test_an_opening_stores_what_django_would(company, at, monkeypatch):
    account = Account.objects.get(external_id="northwind")
    ours = opened(at, account)
    for name in ("incidents", "clocks", "ladders", "recorder"):
        monkeypatch.setattr(f"escalations.services.{name}.insert", by_django)
    theirs = opened(at, account)
    for model in STORED:
        mine, other = ours[model.__name__], theirs[model.__name__]
        assert mine and len(mine) == len(other)
        for one, two in zip(mine, other, strict=True):
            differing = {key for key in one if one[key] != two[key]}
            # Keys, and texts that name them: PostgreSQL goes on counting after a rollback.
            keys = {key for key in one if key in ("id", "number") or key.endswith("_id")}
            named = {"key", "subject", "text", "detail", "sentence"}
            assert differing <= keys | named, model
            if connection.vendor == "sqlite":
                assert not differing, model


def test_keys_and_states_are_set_and_repeats_left_out(company):
    rows = [Incident(number=None, **plain_incident()) for _ in range(3)]
    insert(rows)
    assert [row.pk for row in rows] == list(range(rows[0].pk, rows[0].pk + 3))
    assert not any(row._state.adding for row in rows)
    person = company["integrator"]

    def notice(key):
        return Notice(
            key=key, kind="news", recipient=person, address="a@b.c", created_at=AT, not_before=AT
        )

    insert([notice("one")], is_repeat_fine=True)
    insert([notice("one"), notice("two")], is_repeat_fine=True)
    assert sorted(Notice.objects.values_list("key", flat=True)) == ["one", "two"]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert([notice("two")])


def test_places_by_number_store_the_same(company, at):
    """Longer statements than the driver remembers, on PostgreSQL inside `prepared`."""
    account = Account.objects.get(external_id="northwind")
    plainly = opened(at, account)
    with prepared():
        assert is_prepared() == (connection.vendor == "postgresql")
        numbered = opened(at, account)
    assert not is_prepared()
    for name in ("Incident", "Clock", "TimelineEvent"):
        assert len(plainly[name]) == len(numbered[name]) > 0
        for one, two in zip(plainly[name], numbered[name], strict=True):
            differing = {key for key in one if one[key] != two[key]}
            named = {"id", "number", "incident_id", "parent_id", "detail", "sentence"}
            assert not differing - named, name


def test_reserved_keys_are_kept_and_counting_goes_on_after_them(company):
    first, second = reserve(Incident, 2)
    assert second == first + 1
    rows = [Incident(number=key, **plain_incident()) for key in (first, second)]
    insert(rows)
    insert([after := Incident(**plain_incident())])
    assert [row.pk for row in (*rows, after)] == [first, second, second + 1]
    assert Incident.objects.get(pk=second).title == rows[1].title
    assert reserve(Incident, 1) == [second + 2]


def test_more_rows_than_one_statement_bears_are_stored_in_order(company, monkeypatch):
    monkeypatch.setattr(statements, "TOGETHER", 2)
    incident = Incident(**plain_incident())
    insert([incident])
    facts = [
        Fact(incident=incident, name=f"f{n}", value=n, source="s", at=AT, received_at=AT)
        for n in range(5)
    ]
    insert(iter(facts))
    assert list(Fact.objects.order_by("pk").values_list("value", flat=True)) == [0, 1, 2, 3, 4]
    assert [fact.pk for fact in facts] == list(
        Fact.objects.order_by("pk").values_list("pk", flat=True)
    )


def plain_incident():
    version = PolicyVersion.objects.filter(state="in_force")[0]
    return {
        "kind": "operations",
        "title": uuid.uuid4().hex,
        "severity": 3,
        "auto_severity": 3,
        "score_bp": 0,
        "policy_version": version,
        "source": "pager",
        "received_at": AT,
        "opened_at": AT,
        "classified_at": AT,
        "updated_at": AT,
    }


def test_a_time_is_asked_for_and_read_whatever_its_zone(company):
    insert([incident := Incident(**plain_incident())])
    text = "SELECT opened_at, MAX(opened_at) FROM escalations_incident WHERE opened_at = %s"
    found = ask(f"{text} AND number IN {marks([1])} GROUP BY opened_at", [AT, incident.pk])
    assert [moment(value) for value in found[0]] == [AT, AT]
    assert moment(found[0][0]).utcoffset() == timedelta(0)
    assert incident.opened_at == Incident.objects.get().opened_at == AT.astimezone(UTC)


def test_nothing_to_insert_is_no_statement(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        insert([])
