"""The number that changes with whatever seldom changes, however it was changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from knox.models import AuthToken

from accounts.apps import WATCHED as OF_ACCOUNTS
from accounts.models import ContactMethod, Stamp, Team
from config.lib.stamps import asked_once, kept, stamp, unwatch, watch
from escalations.apps import WATCHED as OF_ESCALATIONS

AT = datetime(2026, 11, 17, 10, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def by_save():
    team = Team.objects.get()
    team.name = "Others"
    team.save()


def by_sql():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_team SET name = 'Others'")


WAYS = {
    "create": lambda: Team.objects.create(code="new", name="New"),
    "save": by_save,
    "delete": lambda: Team.objects.get().delete(),
    "update": lambda: Team.objects.update(name="Others"),
    "bulk_create": lambda: Team.objects.bulk_create([Team(code=f"t{n}", name="") for n in "ab"]),
    "bulk_create that ignores conflicts": lambda: Team.objects.bulk_create(
        [Team(code="new", name="New")], ignore_conflicts=True
    ),
    "bulk_create that updates": lambda: Team.objects.bulk_create(
        [Team(code="team", name="Others")],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name"],
    ),
    "SQL": by_sql,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_change_a_row_changes_the_number(way):
    Team.objects.create(code="team", name="Team")
    before = stamp()
    WAYS[way]()
    assert stamp() not in (None, before)


@pytest.mark.parametrize("name", [*OF_ACCOUNTS, *OF_ESCALATIONS])
def test_each_table_that_is_read_and_kept_is_watched(name):
    table = apps.get_model(name)._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
                " AND sql LIKE %s",
                [table, "%UPDATE belay_stamp%"],
            )
            assert cursor.fetchone() == (3,)
        else:
            cursor.execute(
                "SELECT bit_or(tgtype & ~1) FROM pg_trigger"
                " WHERE tgrelid = %s::regclass AND tgname LIKE %s",
                [table, "stamp_%"],
            )
            # Insert, delete, update and truncate.
            assert cursor.fetchone() == (4 + 8 + 16 + 32,)


def test_a_number_that_was_rolled_back_never_returns():
    seen = {stamp()}
    for _ in range(20):
        with transaction.atomic():
            Team.objects.create(code="team", name="Team")
            assert stamp() not in seen
            seen.add(stamp())
            transaction.set_rollback(True)
    assert len(seen) == 21


def test_a_value_is_read_once_until_something_changes():
    asked = []

    def read():
        asked.append(1)
        return Team.objects.count()

    assert [kept().one("teams", read) for _ in range(3)] == [0, 0, 0]
    assert len(asked) == 1
    Team.objects.create(code="team", name="Team")
    assert [kept().one("teams", read) for _ in range(3)] == [1, 1, 1]
    assert len(asked) == 2


def test_of_many_only_those_missing_are_read():
    asked = []

    def read(keys):
        asked.append(keys)
        return {key: key * 2 for key in keys if key < 5}

    assert kept().many("n", [1, 2], read) == {1: 2, 2: 4}
    assert kept().many("n", [1, 2, 3, 9], read) == {1: 2, 2: 4, 3: 6, 9: None}
    assert kept().many("n", [9, 3], read, fits=lambda value: value < 6) == {9: None, 3: 6}
    assert asked == [[1, 2], [3, 9], [3]]


def test_what_a_change_reads_after_its_own_writes_is_not_kept():
    before = kept()
    with transaction.atomic():
        Team.objects.create(code="team", name="Team")
        assert before.one("teams", Team.objects.count) == 1, "it sees its own row"
        transaction.set_rollback(True)
    assert kept() is before
    assert before.one("teams", Team.objects.count) == 0


def test_without_a_number_nothing_is_kept():
    Stamp.objects.all().delete()
    assert kept().stamp is None
    assert kept().one("teams", Team.objects.count) == 0
    assert kept() is not kept()
    watch({Team: ()})
    assert kept() is kept()


def test_watching_ends_before_the_table_goes_and_begins_again():
    before = stamp()
    unwatch()
    Team.objects.create(code="team", name="Team")
    assert stamp() is None, "nothing is kept meanwhile"
    watch({Team: ()})
    between = stamp()
    assert between not in (None, before), "what changed meanwhile is not known"
    Team.objects.update(name="Others")
    assert stamp() != between


def test_counts_of_what_leaves_change_nothing(django_user_model):
    person = django_user_model.objects.create(username="p", email="p@people.example")
    row = {"kind": "email", "address": "a@b.example", "shown": "a", "created_at": AT}
    method = ContactMethod.objects.create(person=person, **row)
    before = stamp()
    ContactMethod.objects.update(last_ok_at=AT)
    method.last_error = "451 later"
    method.save(update_fields=["last_error"])
    assert stamp() == before
    ContactMethod.objects.update(verified_at=AT, last_error="")
    assert stamp() != before


@pytest.mark.django_db
def test_a_request_asks_for_the_number_once_and_its_transaction_anew(django_assert_num_queries):
    with asked_once():
        with django_assert_num_queries(1):
            first = kept()
            assert kept() is first
        with connection.cursor() as cursor:
            cursor.execute("UPDATE belay_stamp SET number = number + 1")
        assert kept() is first, "as of its beginning"
        assert (renewed := kept(is_fresh=True)) is not first
        assert kept() is renewed
    with asked_once(), django_assert_num_queries(1):
        assert kept() is renewed


@pytest.mark.django_db
def test_a_token_loses_a_right_at_once(client, people):
    """Rights are kept with the token: taken from the role, from the person, or with the role."""
    token = AuthToken.objects.create(people.integrator)[1]
    role = people.integrator.groups.get()
    right = Permission.objects.get(codename="send_signals")
    more = Permission.objects.get(codename="add_reading")

    def status():
        bad = {"data": "{}", "content_type": "application/json"}
        headers = {"Authorization": f"Token {token}"}
        return client.post("/api/v1/readings/", headers=headers, **bad).status_code

    assert status() == 400, "a bad reading, from one who may send"
    role.permissions.remove(right, more)
    assert status() == 403
    people.integrator.user_permissions.add(right)
    assert status() == 400
    people.integrator.user_permissions.clear()
    assert status() == 403
    role.permissions.add(right)
    assert status() == 400
    people.integrator.groups.clear()
    assert status() == 403
