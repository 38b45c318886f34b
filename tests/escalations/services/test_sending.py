"""What the sender asks of the database, and what is cancelled while it is at work."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.lib.clock import ASK_EVERY_S, running
from escalations.models import Notice, NoticeAttempt
from escalations.services import notices, sending
from tests.factories.incidents import MAJOR, open_incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def outbox(company, at, settings, monkeypatch):
    """`outbox(n)`: so many messages to one person wait, the first page of an S1 among them."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    monkeypatch.setattr(notices, "now", lambda: at)

    open_incident(at, severity_hint="critical", facts=MAJOR)
    first = Notice.objects.filter(kind="page").values_list("pk", flat=True)[0]

    def fill(count: int) -> list[int]:
        NoticeAttempt.objects.all().delete()
        Notice.objects.exclude(pk=first).delete()
        Notice.objects.update(sent_at=None, attempts=0)
        row = Notice.objects.get()
        for n in range(1, count):
            row.pk, row.key, row.kind = None, f"more-{n}", "news"
            row.save(force_insert=True)
        return list(Notice.objects.order_by("pk").values_list("pk", flat=True))

    return fill


def test_a_letter_costs_four_statements_and_each_more_only_its_mark(outbox, at, monkeypatch):
    monkeypatch.setattr(sending, "FRESH_S", 60)  # however slow this machine is
    found = []
    for count in (1, 30):
        outbox(count)
        with CaptureQueriesContext(connection) as seen:
            assert notices.deliver_due(at) == (count, 0)
        found.append(len(seen))
        assert NoticeAttempt.objects.filter(outcome="sent", number=1).count() == count
    assert found == [4, 4 + 29], "look, take, mark, tell"


@pytest.mark.parametrize(("fresh_s", "left"), [(0, 1), (60, 3)])
def test_what_is_cancelled_meanwhile_stays_unless_it_was_wanted_a_moment_ago(
    outbox, at, monkeypatch, mailoutbox, fresh_s, left
):
    keys = outbox(3)
    send = sending.email.send

    def cancel_the_others(letter):
        send(letter)
        Notice.objects.filter(pk__in=keys[1:], sent_at=None).update(cancelled_at=at)

    monkeypatch.setattr("escalations.channels.email.send", cancel_the_others)
    monkeypatch.setattr(sending, "FRESH_S", fresh_s)
    notices.deliver_due(at)
    assert len(mailoutbox) == left
    assert Notice.objects.filter(cancelled_at=at).count() == 2


def test_a_running_clock_follows_the_database_and_not_this_machine(at, monkeypatch):
    machine, told = [100.0], [at]
    monkeypatch.setattr("config.lib.clock.monotonic", lambda: machine[0])
    clock = running(lambda: told[0])
    assert clock() == at
    told[0] = at + timedelta(hours=1)
    machine[0] += 0.25
    assert clock() == at + timedelta(seconds=0.25)
    machine[0] += ASK_EVERY_S
    assert clock() == at + timedelta(hours=1), "the database's clock was set"
