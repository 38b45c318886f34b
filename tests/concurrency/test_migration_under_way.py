"""A migration locks tables while old processes go on: they wait, and nothing is lost."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, connections

from accounts.services.roles import sync_roles
from config.lib.clock import now
from escalations.demo.company import tell_company
from escalations.models import Incident, Notice
from escalations.services.notices import deliver_due
from tests.factories.incidents import MAJOR, open_incident

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
ADD = "ALTER TABLE escalations_notice ADD COLUMN of_the_next_release integer NULL"
DROP = "ALTER TABLE escalations_notice DROP COLUMN of_the_next_release"


def waiting_for_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0]


def test_what_comes_in_while_a_table_is_altered_is_stored_when_it_is_free(transactional_db, at):
    sync_roles()
    tell_company(at)
    done: list[object] = []

    def old_process() -> None:
        try:
            incident = open_incident(at, "while-locked", facts=MAJOR, severity_hint="critical")
            done.append(incident.number)
        except Exception as error:
            done.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=old_process)
    migration = connection.copy()
    try:
        with migration.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(ADD)
            thread.start()
            deadline = time.monotonic() + 20
            while not waiting_for_locks() and thread.is_alive():
                assert time.monotonic() < deadline
            assert done == [], "it waits for the migration"
            cursor.execute("COMMIT")
        thread.join(20)
        assert done == [Incident.objects.get(dedup_key="while-locked").number]
        assert Notice.objects.filter(kind="page").exists()
        assert deliver_due(now())[0] >= 1
    finally:
        with migration.cursor() as cursor:
            cursor.execute(DROP)
        migration.close()
