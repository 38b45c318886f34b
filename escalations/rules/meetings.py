"""When a standing meeting is next."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)


def next_meeting(
    meeting: str,
    *,
    every_h: int | None,
    daily_at: time | None,
    zone: ZoneInfo,
    start: datetime,
    at: datetime,
) -> datetime | None:
    """The first one after `at`: every so many hours counted from `start`, or daily at a local
    time. In the hour that a zone leaves out, it is as much later as the clocks jumped; in one that
    comes twice, the first. None without a meeting."""
    if meeting == "every" and every_h:
        step = every_h * HOUR
        passed = max(0, (at - start) // step + 1) if at >= start else 0
        return start + max(1, passed) * step
    if meeting == "daily" and daily_at is not None:
        day = at.astimezone(zone).date()
        for ahead in range(3):
            local = datetime.combine(day + timedelta(days=ahead), daily_at, tzinfo=zone)
            # By way of UTC: a local time that does not exist becomes one that does.
            found = datetime.fromtimestamp(local.timestamp(), tz=start.tzinfo)
            if found > at:
                return found
    return None
