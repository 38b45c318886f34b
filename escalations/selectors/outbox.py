"""Does the sender keep up?"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.conf import settings

from escalations.models import Notice

KNOWN_FOR_S = 0.25


class _Seen:
    """The last answer of this process; a look costs a query, a request does not."""

    at = -KNOWN_FOR_S
    is_behind = False


def is_behind(at: datetime) -> bool:
    """Has a notice that was due waited longer than BUSY_AFTER_S for its first attempt? What was
    tried and failed waits for the other side, not for us. One look at the index of what is
    unsent, at most four times a second."""
    if settings.BUSY_AFTER_S <= 0:
        return False
    present = time.monotonic()
    if present - _Seen.at >= KNOWN_FOR_S:
        late = at - timedelta(seconds=settings.BUSY_AFTER_S)
        waiting = Notice.objects.pending().filter(not_before__lte=late, attempts=0)
        _Seen.is_behind = waiting.exists()
        _Seen.at = present
    return _Seen.is_behind


def forget() -> None:
    """Look anew at the next request."""
    _Seen.at = -KNOWN_FOR_S
