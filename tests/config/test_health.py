from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from config import health
from config.lib import clock
from escalations.models import Heartbeat
from tests.config.lib.callers import said

pytestmark = pytest.mark.django_db


def beat(kind, seconds_ago=0):
    at = clock.now() - timedelta(seconds=seconds_ago)
    Heartbeat.objects.create(name=f"{kind}:{seconds_ago}", kind=kind, beat_at=at)


def test_the_process_answers_without_a_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready_means_database_migrations_and_both_processes(client):
    beat("clock", 1000)
    beat("clock", 5)
    beat("cluster", 29)
    response = client.get("/readyz")
    assert response.status_code == 200
    names = {"database", "migrations", "clock", "cluster"}
    assert response.json()["checks"] == dict.fromkeys(names, "ok")


def test_a_silent_process_is_named(client):
    beat("clock", 31)
    checks = said(client.get("/readyz"), 503, "not_ready")["checks"]
    assert checks["database"] == checks["migrations"] == "ok"
    assert checks["clock"].startswith("last heartbeat 31 s")
    assert checks["cluster"].startswith("no heartbeat")


def test_a_database_that_does_not_answer_is_named(client):
    def refuse(execute, sql, params, many, context):
        raise OperationalError("gone")

    with connection.execute_wrapper(refuse):
        checks = said(client.get("/readyz"), 503, "not_ready")["checks"]
    assert checks["database"] == "the database does not answer"


def test_a_missing_migration_is_named(client, monkeypatch, settings):
    monkeypatch.setattr(health._Migrated, "is_known", False)
    settings.MIGRATION_MODULES = {}  # also where the tests' database comes from the models
    if not MigrationRecorder(connection).has_table():
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE django_migrations (id int, app text, name text, applied date)"
            )
    MigrationRecorder(connection).migration_qs.filter(app="escalations").delete()
    assert "migrate" in said(client.get("/readyz"), 503, "not_ready")["checks"]["migrations"]


def test_only_reading_is_allowed(client):
    response = client.post("/readyz")
    said(response, 405, "method_not_allowed")
    assert "GET" in response["Allow"]
