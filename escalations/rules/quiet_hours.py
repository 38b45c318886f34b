"""Quiet hours: the local hours in which a person is not woken for less than an S1."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from accounts.rules.zones import instant_of, zone_named

DAY = timedelta(days=1)


def quiet_until(zone: str, start: time, end: time, at: datetime) -> datetime | None:
    """The end of the quiet hours that `at` lies in, in UTC; None when the person is awake.

    `start` and `end` are local; past midnight where `end` is the earlier one. On a day whose clock
    changes the hours follow the wall clock: a start or end that is skipped is the first instant
    after it, and an hour that comes twice is quiet from its first start to its last end.
    """
    local = zone_named(zone)
    today = at.astimezone(local).date()
    nights = []
    for day in (today - DAY, today):
        last = day if start < end else day + DAY
        begins = instant_of(local, datetime.combine(day, start))
        nights.append((begins, instant_of(local, datetime.combine(last, end), last=True)))
    return max((stop for begins, stop in nights if begins <= at < stop), default=None)
