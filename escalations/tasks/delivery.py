"""Sends what the outbox holds. Enqueued by every commit that writes a notice; running it twice or
late is harmless."""

from __future__ import annotations

from config.lib.clock import now
from escalations.services.notices import deliver_due


def deliver() -> str:
    sent, failed = deliver_due(now())
    return f"{sent} sent, {failed} failed"
