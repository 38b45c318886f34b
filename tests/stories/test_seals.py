"""Nobody bends the record unseen: rows changed, taken out or put in by SQL are named."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction

from accounts.models import Account
from escalations.models import Incident, Seal, TimelineEvent, Verification
from escalations.rules.lifecycle import Verb
from escalations.selectors.chains import SEALS, chains
from escalations.selectors.seals import verified
from escalations.services.moves import perform
from escalations.services.seals import seal_all
from tests.factories.incidents import MAJOR, open_incident

TIMELINE, ACCOUNTS = "escalations_timelineevent", "accounts_historicalaccount"
LATER = timedelta(minutes=5)


@pytest.fixture
def record(company, at) -> Incident:
    """A company and one incident, all of it sealed."""
    incident = open_incident(at, facts=MAJOR, severity_hint="critical", category="outage")
    seal_all(at)
    return incident


def sql(text: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)


def faults() -> set[str]:
    return {str(fault) for fault in verified().faults}


def run(**asked: Any) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("verify_history", stdout=out, **asked)
    except SystemExit as end:
        return out.getvalue(), int(end.code or 0)
    return out.getvalue(), 0


def test_an_untouched_record_is_intact_and_says_what_it_looked_at(record, at):
    text, code = run()
    kept = Verification.objects.get()
    assert code == 0
    assert text.startswith(f"intact: {kept.rows} rows, {kept.chains} chains\nhead: {kept.head}")
    assert kept.rows == sum(chain.rows.count() for chain in chains().values())
    assert kept.chains >= 20
    assert kept.unsealed == 0


def test_rows_since_the_last_seal_are_counted_and_sealed_next(record, at, company):
    perform(record.number, Verb.ACKNOWLEDGE, {}, by=company["agent"], at=at)
    fresh = verified()
    assert not fresh.faults
    assert fresh.unsealed > 0
    assert "not sealed yet" in run()[0]
    assert seal_all(at).rows == fresh.unsealed
    assert verified().unsealed == 0
    assert seal_all(at).rows == 0


def test_what_people_do_later_never_looks_like_tampering(record, at, company):
    for verb, given in ((Verb.ACKNOWLEDGE, {}), (Verb.UPDATE, {"text": "We are on it."})):
        at += LATER
        perform(record.number, verb, given, by=company["agent"], at=at)
        seal_all(at)
    account = Account.objects.first()
    account.name = "Renamed"
    account.save()
    seal_all(at + LATER)
    assert faults() == set()


def test_an_altered_a_deleted_and_an_inserted_row_are_each_named(record, at):
    first, second = TimelineEvent.objects.order_by("pk")[:2]
    past = Account.history.order_by("pk").first()
    sql("UPDATE escalations_timelineevent SET sentence = 'Nothing' WHERE id = %s", first.pk)
    sql("DELETE FROM accounts_historicalaccount WHERE history_id = %s", past.pk)
    columns = ", ".join(
        field.column for field in TimelineEvent._meta.concrete_fields if field.column != "id"
    )
    sql(
        f"INSERT INTO escalations_timelineevent (id, {columns}) SELECT -5, "
        f"{columns.replace('seq', 'seq + 900')} FROM escalations_timelineevent WHERE id = %s",
        second.pk,
    )
    text, code = run()
    assert code == 1
    assert set(text.splitlines()) >= {
        f"broken: {TIMELINE} {first.pk} altered",
        f"broken: {ACCOUNTS} {past.pk} missing",
        f"broken: {TIMELINE} -5 inserted",
    }
    assert text.count("broken:") == 3
    assert "intact" not in text
    assert Verification.objects.get().fault_count == 3


def test_one_chain_is_looked_at_alone(record):
    past = Account.history.order_by("pk").first()
    sql("UPDATE accounts_historicalaccount SET arr = arr + 1 WHERE history_id = %s", past.pk)
    assert run(chain=ACCOUNTS) == (
        f"broken: {ACCOUNTS} {past.pk} altered\nhead: {verified().head}\n",
        1,
    )
    assert run(chain=TIMELINE)[1] == 0
    with pytest.raises(CommandError, match="There is no chain"):
        run(chain="accounts_user")


def test_a_row_that_cannot_be_read_any_more_is_altered(record):
    first = TimelineEvent.objects.order_by("pk").first()
    if connection.vendor == "sqlite":
        sql("UPDATE escalations_timelineevent SET at = 'yesterday' WHERE id = %s", first.pk)
    else:
        sql("UPDATE escalations_timelineevent SET at = 'infinity' WHERE id = %s", first.pk)
    assert faults() == {f"{TIMELINE} {first.pk} altered"}


def test_a_bent_and_a_removed_seal_are_named(record, at, company):
    perform(record.number, Verb.ACKNOWLEDGE, {}, by=company["agent"], at=at)
    seal_all(at)
    bent = Seal.objects.get(chain=TIMELINE, seq=1)
    gone = Seal.objects.get(chain=ACCOUNTS, seq=1)
    sql("UPDATE escalations_seal SET sealed_at = %s WHERE id = %s", at + LATER, bent.pk)
    sql("DELETE FROM escalations_seal WHERE id = %s", gone.pk)
    assert faults() == {f"{SEALS} {bent.pk} altered", f"{SEALS} {gone.pk} missing"}


def test_rows_covered_by_a_forged_seal_are_found_by_the_seal_over_it(record):
    """Whoever alters a row and does the sums of its seal anew has another seal in hand."""
    from escalations.rules.seals import packed, seal_digest, unpacked

    first = TimelineEvent.objects.order_by("pk").first()
    sql("UPDATE escalations_timelineevent SET sentence = 'Nothing' WHERE id = %s", first.pk)
    seal = Seal.objects.get(chain=TIMELINE)
    chain = chains()[TIMELINE]
    digests = dict(unpacked(bytes(seal.rows))) | chain.digests(chain.rows.filter(pk=first.pk))
    seal.rows = packed(digests.items())
    seal.digest = seal_digest(seal.header, seal.rows)
    seal.save()
    assert faults() == {f"{SEALS} {seal.pk} altered"}


def test_a_chain_cut_off_at_its_end_lacks_the_head_of_the_log(record, at, company, caplog):
    with caplog.at_level(logging.INFO, "belay.seal"):
        perform(record.number, Verb.ACKNOWLEDGE, {}, by=company["agent"], at=at)
        seal_all(at)
    line = next(each.getMessage() for each in caplog.records if "head=" in each.getMessage())
    assert run(head=line)[1] == 0
    newest = TimelineEvent.objects.order_by("-pk").first()
    cut = Seal.objects.filter(sealed_at=at, chain=TIMELINE).order_by("-seq").first()
    assert cut.last_id == newest.pk
    Verification.objects.all().delete()
    sql("DELETE FROM escalations_timelineevent WHERE id >= %s", cut.first_id)
    sql("DELETE FROM escalations_seal WHERE seq > 1")
    assert run()[1] == 0, "inside the database nothing is left that could say so"
    text, code = run(head=line)
    assert code == 1
    assert f"{SEALS} head:{line[-64:]} missing" in text
    with pytest.raises(CommandError, match="64 hexadecimal digits"):
        run(head="abc")


def test_the_head_of_an_earlier_look_must_be_found_again(record, at, company):
    perform(record.number, Verb.ACKNOWLEDGE, {}, by=company["agent"], at=at)
    seal_all(at)
    assert run()[1] == 0
    sql("DELETE FROM escalations_seal WHERE chain = %s AND seq = 2", SEALS)
    assert run()[1] == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_numbers_that_were_rolled_back_are_neither_missing_nor_free_for_others(company, at):
    open_incident(at, "one")
    seal_all(at)
    sql("SELECT nextval(pg_get_serial_sequence('escalations_timelineevent', 'id'))")
    with transaction.atomic():
        open_incident(at, "rolled back")
        transaction.set_rollback(True)
    open_incident(at, "two")
    seal_all(at)
    newest = Seal.objects.filter(chain=TIMELINE).latest("seq")
    assert newest.gaps, "for a while a late commit may still bring them"
    assert faults() == set()
    gap = newest.gaps[0].first
    # Transactions of others on this server may still be under way for a moment.
    deadline, looks = time.monotonic() + 60, 0
    while Seal.objects.filter(chain=TIMELINE).latest("seq").gaps:
        assert time.monotonic() < deadline
        looks += 1
        seal_all(at + LATER + timedelta(seconds=looks))
    sql("UPDATE escalations_timelineevent SET id = %s WHERE id = %s", gap, newest.last_id)
    assert faults() == {f"{TIMELINE} {newest.last_id} missing", f"{TIMELINE} {gap} inserted"}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_row_committed_late_with_a_lower_number_is_still_sealed(company, at):
    incident = open_incident(at, "one")
    row = TimelineEvent.objects.filter(incident=incident).order_by("-pk").first()
    seal_all(at)
    slow = connection.copy()
    try:
        with slow.cursor() as cursor:
            columns = [f.column for f in TimelineEvent._meta.concrete_fields if f.column != "id"]
            taken = ", ".join("seq + 900" if name == "seq" else name for name in columns)
            cursor.execute("BEGIN")
            cursor.execute(
                f"INSERT INTO escalations_timelineevent ({', '.join(columns)}) SELECT {taken} "
                "FROM escalations_timelineevent WHERE id = %s RETURNING id",
                [row.pk],
            )
            late = cursor.fetchone()[0]
            open_incident(at, "two")
            seal_all(at)
            seal_all(at + LATER)  # the slow one is under way: its number stays open
            assert faults() == set()
            cursor.execute("COMMIT")
        assert verified().unsealed == 1
        seal_all(at + LATER)
        assert Seal.objects.filter(chain=TIMELINE).latest("seq").first_id == late
        assert (faults(), verified().unsealed) == (set(), 0)
    finally:
        slow.close()
