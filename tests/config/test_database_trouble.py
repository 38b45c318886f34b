"""A database that is away or full: a clear answer with a code, nothing half-stored, and work goes
on by itself when it is back."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.db import Error, OperationalError, connection
from rest_framework.test import APIClient

from config.lib.database_trouble import database_trouble
from escalations.models import Incident, Signal
from escalations.tasks.schedule import tick

BODY = {"source": "s", "dedup_key": "k", "title": "Payments fail"}


@contextmanager
def away():
    """The next connection goes to where no database is."""
    kept = connection.settings_dict.copy()
    connection.close()
    if connection.vendor == "sqlite":
        connection.settings_dict["NAME"] = "/nowhere/at/all.sqlite3"
    else:
        connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": "9"}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.clear()
        connection.settings_dict.update(kept)


@contextmanager
def full():
    """SQLite may not grow: the very error that a full disk gives."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # what other tests freed would be room
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        try:
            yield
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")


@pytest.fixture
def sender(transactional_db, company) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(company["integrator"])
    return client


def test_a_signal_is_refused_while_the_database_is_away_and_taken_when_it_is_back(sender):
    with away():
        answer = sender.post("/api/v1/signals/", BODY, format="json")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert answer["Retry-After"] == "5"
    assert Signal.objects.count() == 0
    assert sender.post("/api/v1/signals/", BODY, format="json").status_code == 201


def test_a_page_says_that_the_database_is_away_without_asking_it(transactional_db, company, client):
    client.raise_request_exception = False
    client.force_login(company["agent"])
    with away():
        page = client.get("/")
        ready = client.get("/readyz")
        alive = client.get("/healthz")
    assert page.status_code == 503 and page["Retry-After"] == "5"
    assert "The database does not answer. Nothing was stored." in page.text
    assert (ready.status_code, alive.status_code) == (503, 200)
    assert client.get("/").status_code == 200


@pytest.mark.sqlite
def test_a_full_disk_refuses_all_of_a_signal_and_the_next_one_is_taken(sender):
    with full():
        many = {**BODY, "body": "x" * 19_000}
        answer = sender.post("/api/v1/signals/", many, format="json")
    assert (answer.status_code, answer.json()["code"]) == (503, "disk_full")
    assert (Signal.objects.count(), Incident.objects.count()) == (0, 0)
    assert sender.post("/api/v1/signals/", BODY, format="json").status_code == 201


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (psycopg.errors.DiskFull, "disk_full"),
        (psycopg.errors.DeadlockDetected, "database_busy"),
        (psycopg.errors.LockNotAvailable, "database_busy"),
        (psycopg.errors.AdminShutdown, "database_away"),
        (psycopg.errors.CannotConnectNow, "database_away"),
    ],
)
def test_what_postgresql_says_is_told_apart(error, code):
    ours = OperationalError("as the server said")
    ours.__cause__ = error("as the server said")
    trouble = database_trouble(ours)
    assert trouble is not None and trouble.code == code


def test_other_faults_are_not_blamed_on_the_database():
    assert database_trouble(None) is None
    assert database_trouble(ValueError("database is locked")) is None
    assert database_trouble(OperationalError("no such table: x")) is None


def test_a_look_of_the_clock_fails_whole_and_the_next_one_does_all(sender, at, travel):
    facts = {"core_down_no_workaround": True}
    travel.to(at)
    sender.post("/api/v1/signals/", {**BODY, "facts": facts}, format="json")
    travel.to(at + timedelta(minutes=6))
    with away(), pytest.raises(Error):
        tick()
    assert tick() >= 1
    assert tick() == 0
