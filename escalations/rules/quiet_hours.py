"""Quiet hours: the local hours in which a person is not woken for less than an S1."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from accounts.rules.zones import instant_of, zone_named


def quiet_until(zone: str, start: time, end: time, at: datetime) -> datetime | None:
    """The end of the quiet hours that `at` lies in, in UTC; None when the person is awake.

    `start` and `end` are local; past midnight where `end` is the earlier one. On a day whose clock
    changes the hours follow the wall clock: an end that is skipped is the first instant after it.
    """
    local = zone_named(zone)
    wall = at.astimezone(local).replace(tzinfo=None)
    hour = wall.time()
    is_quiet = start <= hour < end if start < end else hour >= start or hour < end
    if not is_quiet:
        return None
    day = wall.date() + timedelta(days=1 if hour >= end else 0)
    return instant_of(local, datetime.combine(day, end), last=True)
