"""Several people and processes at once, on whichever database the suite runs.

Threads here have connections of their own, as processes do; the database decides, not Python.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, connections

from accounts.services.roles import sync_roles
from config.lib.errors import Conflict
from escalations.demo.company import tell_company
from escalations.models import ClockMark, Incident, LadderStep, Notice, Signal, TimelineEvent
from escalations.rules.lifecycle import Verb
from escalations.services import notices
from escalations.services.moves import perform
from escalations.services.notices import deliver_due
from escalations.services.playbooks import finish_step, start
from escalations.services.signals import SignalMessage, receive_signal
from escalations.tasks.schedule import sweep
from playbooks.models import PlaybookRun

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def company(transactional_db, at):
    sync_roles()
    return tell_company(at)


def together(*jobs: Callable[[], object]) -> list[object]:
    """Run all jobs at the same moment; an exception is a result like any other."""
    results: list[object] = [None] * len(jobs)
    gate = threading.Barrier(len(jobs))

    def run(index: int, job: Callable[[], object]) -> None:
        try:
            gate.wait(10)
            results[index] = job()
        except Exception as error:
            results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def fire(at, key="capture", **more):
    message = SignalMessage(
        source="pager",
        dedup_key=key,
        is_firing=True,
        title="Card capture failing",
        received_at=at,
        severity_hint="critical",
        facts={"core_down_no_workaround": True, "users_pct": 35},
        **more,
    )
    return receive_signal(message, by=None, at=at)


def test_of_two_who_claim_at_once_one_wins_and_the_other_is_told_who(company, at):
    number = fire(at).incident.number

    def claim(who):
        return lambda: perform(number, Verb.CLAIM, {}, by=company[who], at=at)

    results = together(claim("agent"), claim("agent2"))
    losers = [each for each in results if isinstance(each, Conflict)]
    assert [each.code for each in losers] == ["already_claimed"], results
    winner = Incident.objects.get(pk=number).commander.username
    assert losers[0].extra["commander"] == winner


def test_one_signal_sent_eight_times_at_once_opens_one_incident(company, at):
    results = together(*[lambda: fire(at)] * 8)
    assert not [each for each in results if isinstance(each, Exception)], results
    assert sorted(each.outcome for each in results) == ["joined"] * 7 + ["opened"]
    assert Incident.objects.count() == 1
    assert Signal.objects.get().occurrences == 8


def test_four_sweepers_at_once_take_every_step_once(company, at):
    numbers = [fire(at, key=f"k{i}").incident.number for i in range(6)]
    later = at + timedelta(minutes=5, seconds=1)
    results = together(*[lambda: sweep(later)] * 4)
    assert not [each for each in results if isinstance(each, Exception)], results
    for number in numbers:
        steps = LadderStep.objects.filter(run__incident=number, level=2, kind="page")
        assert steps.count() == 1
        assert ClockMark.objects.filter(clock__incident=number, kind="breach").count() == 1
    keys = list(Notice.objects.values_list("key", flat=True))
    assert len(keys) == len(set(keys))


def test_an_acknowledgement_and_the_sweep_at_once_do_not_block_each_other(company, at):
    later = at + timedelta(minutes=5, seconds=1)
    for i in range(5):
        number = fire(at, key=f"k{i}").incident.number
        results = together(
            lambda number=number: perform(
                number, Verb.ACKNOWLEDGE, {}, by=company["agent"], at=later
            ),
            lambda: sweep(later),
            lambda: sweep(later),
        )
        assert not [each for each in results if isinstance(each, Exception)], results
        assert Incident.objects.get(pk=number).state == "acknowledged"


def test_two_senders_share_the_outbox_and_send_each_notice_once(
    company, at, settings, tmp_path, monkeypatch
):
    # A lease counts from the senders' own time: it must be the same for both.
    monkeypatch.setattr(notices, "now", lambda: at + timedelta(seconds=2))
    settings.MAIL_DIR = tmp_path
    settings.EMAIL_BACKEND = "config.lib.mailbox.FolderBackend"
    for i in range(10):
        fire(at, key=f"k{i}")
    due = Notice.objects.pending().count()
    assert due >= 10
    together(*[lambda: deliver_due(at + timedelta(seconds=1))] * 2)
    assert not Notice.objects.pending().exists()
    assert len(list(tmp_path.glob("*.eml"))) == due


def test_the_database_refuses_a_second_open_episode(company, at):
    from django.db import IntegrityError

    fire(at)
    copy = Signal.objects.get()
    copy.pk = None
    with pytest.raises(IntegrityError):
        copy.save(force_insert=True)
    assert connection.is_usable()


def test_of_two_who_start_a_playbook_at_once_one_wins(company, at):
    number = fire(at, category="outage").incident.number

    def begin(who):
        return lambda: start("payment-outage", {}, by=company[who], at=at, incident=number)

    results = together(begin("agent"), begin("duty"))
    refused = [each for each in results if isinstance(each, Exception)]
    assert [each.code for each in refused] == ["playbook_running"]
    assert PlaybookRun.objects.count() == 1


def test_of_two_who_finish_one_step_at_once_one_wins_and_the_next_is_on_once(company, at):
    run = start("payment-outage", {}, by=company["agent"], at=at)

    def finish(who):
        return lambda: finish_step(run.pk, 1, by=company[who], at=at)

    results = together(finish("agent"), finish("duty"))
    refused = [each for each in results if isinstance(each, Exception)]
    assert [each.code for each in refused] == ["not_active"]
    assert list(run.steps.values_list("state", flat=True)) == ["done", "active", *["waiting"] * 2]


def test_two_sweeps_of_one_time_box_tell_once(company, at):
    number = fire(at, category="outage").incident.number
    start("payment-outage", {}, by=company["agent"], at=at, incident=number)
    together(*[lambda: sweep(at + timedelta(minutes=5))] * 2)
    assert Notice.objects.filter(key__contains="time-box:").count() == 1
    assert TimelineEvent.objects.filter(kind="playbook_late").count() == 1
