"""What became of a message, in words."""

from __future__ import annotations

from datetime import datetime

from escalations.models import Notice


def delivery_words(row: Notice) -> tuple[str, datetime]:
    """The words and the time they are about."""
    if row.sent_at:
        late = f", late: {row.delay_reason}" if row.delay_reason else ""
        return f"sent{' with others' if row.bundle_id else ''}{late}", row.sent_at
    if row.cancelled_at:
        return "no longer needed", row.cancelled_at
    if row.failed_at:
        return f"failed: {row.last_error}" if row.last_error else "failed", row.failed_at
    if row.delay_reason and not row.attempts:
        return f"waits until {row.not_before:%H:%M} UTC: {row.delay_reason}", row.created_at
    return ("trying again" if row.attempts else "on its way"), row.created_at
