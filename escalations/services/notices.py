"""The outbox: cancel, lease, send, mark.

Sending is at least once with a stable key: a short transaction leases due rows, the channel runs
outside any transaction with the key as Message-ID, and each row is marked on its own.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused
from time import monotonic

from django.db import connection, transaction
from django.db.models import F, Q

from accounts.models import User
from config.lib.clock import now
from escalations.channels import email
from escalations.models import Incident, LadderRun, Notice
from escalations.models.ladders import LadderState
from escalations.models.notices import PENDING, Channel, NoticeKind
from escalations.services.page_limits import LEASE, may_leave

log = logging.getLogger("belay.notices")
RETRY_AFTER_S = (5, 30, 120, 600, 1800, 3600)  # then it is a dead letter
PAGE_RETRY_AFTER_S = (5, 15, 30, 120, 600, 1800)  # at 20 s the ladder hears of it


def cancel_pending(
    incident: Incident,
    *,
    at: datetime,
    kinds: Sequence[NoticeKind] | None = None,
    recipient: User | None = None,
) -> int:
    """What was not sent yet need not be any more. A row being sent now may still leave."""
    rows = Notice.objects.filter(PENDING, incident=incident)
    if kinds is not None:
        rows = rows.filter(kind__in=[kind.value for kind in kinds])
    if recipient is not None:
        rows = rows.filter(recipient=recipient)
    return rows.update(cancelled_at=at)


def lease(at: datetime, limit: int = 200) -> list[list[Notice]]:
    """Take up to `limit` due notices for this sender; another sender takes others. Returns
    letters: notices that go out as one, mostly one each."""
    free = Q(leased_until=None) | Q(leased_until__lte=at)
    with transaction.atomic():
        rows = Notice.objects.filter(PENDING, free, not_before__lte=at)
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True, of=("self",))
        keys = list(rows.order_by("not_before", "pk").values_list("pk", flat=True)[:limit])
        taken = Notice.objects.filter(pk__in=keys).select_related("recipient", "incident")
        letters = may_leave(list(taken.order_by("not_before", "pk")), at)
        leaving = [notice.pk for letter in letters for notice in letter if notice.pk in keys]
        Notice.objects.filter(pk__in=leaving).update(
            leased_until=at + LEASE, attempts=F("attempts") + 1
        )
    for letter in letters:
        for notice in letter:
            notice.attempts += 1
    return letters


def deliver_due(at: datetime) -> tuple[int, int]:
    """Send everything due; returns (sent, failed). May run in several processes at once."""
    sent = failed = 0
    while is_anything_due(at):
        began = monotonic()
        letters = lease(at)
        while letters and monotonic() - began < LEASE.total_seconds() / 2:
            if _deliver(letters.pop(0)):
                sent += 1
            else:
                failed += 1
        _give_back(letters)
        at = now()
    return sent, failed


def _give_back(letters: list[list[Notice]]) -> None:
    """The channel is slow: what would outlast its lease is anybody's again."""
    if not letters:
        return
    mine = [notice.pk for letter in letters for notice in letter]
    rows = Notice.objects.filter(PENDING, pk__in=mine)
    rows.update(leased_until=None, attempts=F("attempts") - 1)


def is_anything_due(at: datetime) -> bool:
    free = Q(leased_until=None) | Q(leased_until__lte=at)
    return Notice.objects.filter(PENDING, free, not_before__lte=at).exists()


def _deliver(letter: list[Notice]) -> bool:
    rows = Notice.objects.filter(PENDING, pk__in=[notice.pk for notice in letter])
    wanted = set(rows.values_list("pk", flat=True))
    letter = [notice for notice in letter if notice.pk in wanted]
    if not letter:
        return True  # cancelled between lease and send
    first = letter[0]
    if not first.recipient.is_active:
        rows.update(cancelled_at=now())
        return True  # left meanwhile
    try:
        if first.channel == Channel.EMAIL:
            email.send(first, letter[1:])
    except Exception as error:  # any failure of a channel is this row's, never its neighbours'
        for notice in letter:
            _note_failure(notice, error)
        return False
    done = {"sent_at": now(), "leased_until": None, "last_error": ""}
    rows.filter(pk=first.pk).update(**done)
    rows.exclude(pk=first.pk).update(bundle=first, **done)
    return True


def _note_failure(notice: Notice, error: Exception) -> None:
    at = now()
    sentence = f"{type(error).__name__}: {error}"[:300]
    log.warning("notice %s not sent, attempt %s: %s", notice.pk, notice.attempts, sentence)
    rows = Notice.objects.filter(PENDING, pk=notice.pk)
    waits = PAGE_RETRY_AFTER_S if notice.kind == NoticeKind.PAGE else RETRY_AFTER_S
    if notice.attempts > len(waits) or isinstance(error, SMTPRecipientsRefused):
        rows.update(failed_at=at, leased_until=None, last_error=sentence)
    else:
        wait = timedelta(seconds=waits[notice.attempts - 1])
        rows.update(not_before=at + wait, leased_until=None, last_error=sentence)
    if notice.step_id is not None:
        # The ladder looks whether anybody of its level was reached, and goes on if nobody was.
        waiting = LadderRun.objects.filter(steps=notice.step_id, state=LadderState.ACTIVE)
        waiting.update(look_at=at)
