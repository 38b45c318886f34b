"""The outbox: cancel, lease, send, mark.

Sending is at least once with a stable key: a short transaction leases due rows, the channel runs
outside any transaction with the key as Message-ID or Idempotency-Key, and each row is marked on its
own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from time import monotonic

from django.db import connection, transaction
from django.db.models import F, Q

from accounts.models import User
from config.lib.clock import now
from config.lib.queue import enqueue
from escalations.models import Incident, Notice
from escalations.models.notices import PENDING, NoticeKind
from escalations.services.page_limits import LEASE, may_leave
from escalations.services.sending import send_letters

DELIVER = "escalations.tasks.delivery.deliver"
WORK_S = 15


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
    sent, failed, began = 0, 0, monotonic()
    while is_anything_due(at):
        done, lost = send_letters(lease(at), lambda: now())
        sent, failed = sent + done, failed + lost
        at = now()
        if monotonic() - began > WORK_S and is_anything_due(at):
            enqueue(DELIVER)  # another job goes on, before this one is taken for dead
            break
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
