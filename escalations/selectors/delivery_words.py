"""What became of a message, in words."""

from __future__ import annotations

from datetime import datetime

from escalations.models import Notice
from escalations.models.notices import Channel

CHANNEL_WORDS = {
    Channel.EMAIL.value: "mail",
    Channel.WEBHOOK.value: "webhook",
    Channel.APPRISE.value: "chat, SMS or push",
    Channel.DRILL.value: "nowhere: a drill",
}


def delivery_words(row: Notice) -> tuple[str, datetime]:
    """The words and the time they are about."""
    if row.sent_at:
        late = f", late: {row.delay_reason}" if row.delay_reason else ""
        twice = ", perhaps twice" if row.uncertain_at else ""
        return f"sent{' with others' if row.bundle_id else ''}{twice}{late}", row.sent_at
    if row.cancelled_at:
        return "no longer needed", row.cancelled_at
    if row.failed_at and row.uncertain_at:
        return "uncertain: it may have arrived, and is not repeated by itself", row.failed_at
    if row.failed_at:
        return f"failed: {row.last_error}" if row.last_error else "failed", row.failed_at
    tries = row.attempts - row.attempts_before
    if row.delay_reason and not tries:
        return f"waits until {row.not_before:%H:%M} UTC: {row.delay_reason}", row.created_at
    if row.uncertain_at:
        return "uncertain: it may have arrived; trying again", row.uncertain_at
    return ("trying again" if tries else "on its way"), row.created_at


def state_of(row: Notice) -> str:
    """pending, sent, cancelled, failed or uncertain, for machines."""
    if row.sent_at:
        return "sent"
    if row.cancelled_at:
        return "cancelled"
    if row.uncertain_at:
        return "uncertain"
    return "failed" if row.failed_at else "pending"
