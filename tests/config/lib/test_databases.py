"""Instants of PostgreSQL, read by our own loader."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.utils.dateparse import parse_datetime


@pytest.fixture
def cursor(db):
    with connection.cursor() as cursor:
        yield cursor


@pytest.mark.postgres
@pytest.mark.parametrize(
    "said",
    [
        "2026-11-21 19:20:33.123456+00",
        "2026-11-21 19:20:33.1+00",
        "2026-11-21 19:20:33.000001+00",
        "2026-11-21 19:20:33+00",
        "1999-12-31 23:59:59.999999+00",
        "0999-01-01 00:00:00+00",
        "9999-12-31 23:59:59.5+00",
        "2026-11-21 21:20:33+02",
        "2026-11-21 19:20:33+05:45",
    ],
)
def test_an_instant_is_read_as_it_was_written_and_in_utc(cursor, said):
    cursor.execute("SELECT %s::timestamptz", [said])
    (read,) = cursor.fetchone()
    assert read == parse_datetime(said)
    assert read.tzinfo is UTC


@pytest.mark.postgres
def test_our_loader_is_the_one_in_use(cursor):
    loader = connection.connection.adapters.get_loader(1184, 0)
    assert (loader.__name__, loader.timezone) == ("Instant", UTC)


@pytest.mark.postgres
def test_what_no_datetime_can_hold_is_refused_as_before(cursor):
    from django.db import DataError

    with pytest.raises(DataError, match="infinity|too large"):
        cursor.execute("SELECT 'infinity'::timestamptz")
        cursor.fetchone()


def test_an_instant_comes_back_from_any_database(people):
    at = datetime(2026, 3, 29, 1, 0, 0, 7, tzinfo=UTC)
    people.agent.last_login = at
    people.agent.save()
    people.agent.refresh_from_db()
    assert people.agent.last_login == at
    assert people.agent.last_login.utcoffset().total_seconds() == 0
