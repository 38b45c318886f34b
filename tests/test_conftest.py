from __future__ import annotations

import os
import socket

import pytest
from django.db import connection


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


@pytest.mark.postgres
@pytest.mark.django_db
def test_postgresql_really_answers():
    with connection.cursor() as cursor:
        cursor.execute("SELECT version()")
        assert cursor.fetchone()[0].startswith("PostgreSQL")
