"""Instants, time zones and local wall time.

A *tick* is an instant as whole microseconds since 1970-01-01T00:00Z. Rules count in ticks: exact,
and an order of magnitude cheaper than arithmetic on aware datetimes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Seconds between probes of the offset. Since 1900 no zone has left an offset and returned to it in
# under 167 hours (Brazil 2000; Gaza in years to come), so probes this close miss no change.
_PROBE_S = 48 * 3600


class UnknownZone(ValueError):
    """The name is not an IANA time zone."""

    def __init__(self, name: object) -> None:
        super().__init__(f"{name!r} is not a time zone. Use an IANA name such as Europe/Berlin.")


def zone_named(name: object) -> ZoneInfo:
    """The zone of an IANA name; raises `UnknownZone`."""
    if not isinstance(name, str) or not name:
        raise UnknownZone(name)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: a folder of the database, "America"
        raise UnknownZone(name) from None


def ticks(at: datetime) -> int:
    """Microseconds since the epoch. A naive datetime is a TypeError."""
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def instant(tick: int) -> datetime:
    """The aware UTC datetime of a tick; OverflowError outside the years 1 to 9999."""
    return EPOCH + timedelta(microseconds=tick)


def year_start(year: int) -> int:
    """The tick of 1 January 00:00 UTC."""
    return ticks(datetime(year, 1, 1, tzinfo=UTC))


@lru_cache(maxsize=4096)
def year_segments(zone: ZoneInfo, year: int) -> tuple[tuple[int, int, int], ...]:
    """The UTC year as stretches of constant offset: (first tick, end tick, offset in ticks)."""
    first, end = year_start(year), year_start(year + 1)
    starts = [first, *(change * SECOND for change in _changes(zone, first, end)), end]
    return tuple(
        (a, b, _offset_s(zone, a // SECOND) * SECOND) for a, b in pairwise(starts) if a < b
    )


def instant_of(zone: ZoneInfo, wall: datetime, *, last: bool = False) -> datetime:
    """The UTC instant of a naive wall time.

    An ambiguous time is its first occurrence (`last`: its last one, for ends of a period); a time
    that does not exist is the first instant after the gap (SEMANTICS 1.3, 3.1).
    """
    early = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    late = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == wall:
        return late if last else early
    # In a gap fold=0 reads the old offset and lands after the change, fold=1 lands before it.
    (change,) = _changes(zone, ticks(late), ticks(early) + SECOND)
    return instant(change * SECOND)


def local_day(zone: ZoneInfo, day: date) -> tuple[datetime, datetime]:
    """The UTC instants at which a local date begins and ends; equal for one the zone skipped."""
    midnight = datetime.combine(day, time())
    return instant_of(zone, midnight), instant_of(zone, midnight + timedelta(days=1))


def _offset_s(zone: ZoneInfo, second: int) -> int:
    offset = (EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset()
    assert offset is not None
    return offset.days * 86_400 + offset.seconds


def _changes(zone: ZoneInfo, first: int, end: int) -> Iterator[int]:
    """The seconds at which the offset changes, after tick `first` and before tick `end`."""
    at, last = first // SECOND, -(-end // SECOND) - 1
    offset = _offset_s(zone, at)
    while at < last:
        probe = min(at + _PROBE_S, last)
        probed = _offset_s(zone, probe)
        if probed != offset:
            yield from _changes_between(zone, at, offset, probe, probed)
        at, offset = probe, probed


def _changes_between(zone: ZoneInfo, a: int, at_a: int, b: int, at_b: int) -> Iterator[int]:
    if at_a == at_b:
        return
    if b - a == 1:
        yield b
        return
    middle = (a + b) // 2
    at_middle = _offset_s(zone, middle)
    yield from _changes_between(zone, a, at_a, middle, at_middle)
    yield from _changes_between(zone, middle, at_middle, b, at_b)
