"""The outbox: cancel, lease, send, mark.

Sending is at least once with a stable key: one statement leases due rows, the channel runs
outside any transaction with the key as Message-ID or Idempotency-Key, and each row is marked on its
own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic

from accounts.models import User
from config.lib.clock import now
from config.lib.queue import enqueue
from escalations.models import Incident, Notice
from escalations.models.notices import PENDING, NoticeKind
from escalations.services.leasing import AT_MOST, lease
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


def deliver_due(at: datetime, clock: Callable[[], datetime] | None = None) -> tuple[int, int]:
    """Send everything due; returns (sent, failed). May run in several processes at once. `clock`
    says what time it is meanwhile."""
    clock = clock or (lambda: now())
    sent, failed, began, is_more = 0, 0, monotonic(), True
    while is_more:
        letters, seen = lease(at)
        done, lost = send_letters(letters, clock)
        sent, failed = sent + done, failed + lost
        at, is_more = clock(), seen == AT_MOST
        if monotonic() - began > WORK_S:
            enqueue(DELIVER)  # another job goes on, before this one is taken for dead
            break
    return sent, failed
