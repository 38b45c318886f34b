from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


def test_a_socket_to_another_machine_is_refused():
    with socket.socket() as sock, pytest.raises(RuntimeError, match="no network in tests"):
        sock.connect(("192.0.2.1", 80))


def test_a_name_is_not_looked_up_outside():
    with pytest.raises(RuntimeError, match="no network in tests"):
        socket.create_connection(("belay.example", 443), timeout=1)


def test_a_socket_to_this_machine_is_allowed():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as sock:
        sock.connect(server.getsockname())


def test_everybody_of_the_cast_can_be_reached(people):
    assert all(getattr(people, name).is_reachable for name in people.__slots__)


@pytest.mark.django_db
def test_the_database_under_test_is_the_one_asked_for():
    asked = "postgresql" if os.environ.get("DATABASE_URL") else "sqlite"
    assert connection.vendor == asked


def test_what_is_for_postgresql_is_no_test_of_sqlite():
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider"]
    kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "BELAY_TEST_DB")}
    asked = [*command, "tests/test_conftest.py", "tests/concurrency"]
    found = subprocess.run(
        asked, cwd=ROOT, env=kept, capture_output=True, text=True, timeout=60, check=True
    )
    assert "test_the_database_under_test_is_the_one_asked_for" in found.stdout
    assert "test_postgresql_really_answers" not in found.stdout
    assert "skipped" not in found.stdout and "deselected" in found.stdout


@pytest.mark.postgres
@pytest.mark.django_db
def test_postgresql_really_answers():
    with connection.cursor() as cursor:
        cursor.execute("SELECT version()")
        assert cursor.fetchone()[0].startswith("PostgreSQL")
