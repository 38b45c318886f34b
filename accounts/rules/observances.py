"""When a zone's clocks change, as a VTIMEZONE of RFC 5545 says it.

An onset is the local time that the clock shows by the offset it is about to leave (3.6.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from accounts.rules.zones import instant, year_segments


@dataclass(frozen=True, slots=True)
class Observance:
    """One name and pair of offsets, and every naive local time at which it sets in."""

    name: str
    is_daylight: bool
    offset_from: timedelta
    offset_to: timedelta
    onsets: tuple[datetime, ...]


def observances(zone: ZoneInfo, start: datetime, end: datetime) -> list[Observance]:
    """What is in force at the beginning of the year of `start`, then every change until the end of
    the year of `end`; equal changes share one observance."""
    found: dict[tuple[str, bool, timedelta, timedelta], list[datetime]] = {}
    before: timedelta | None = None
    for year in range(start.year, end.year + 1):
        for first, _, offset_ticks in year_segments(zone, year):
            offset = timedelta(microseconds=offset_ticks)
            if offset == before:
                continue
            at = instant(first)
            local = at.astimezone(zone)
            leaves = offset if before is None else before
            key = (local.tzname() or "", bool(local.dst()), leaves, offset)
            wall = at.replace(tzinfo=None) + leaves
            found.setdefault(key, []).append(wall)
            before = offset
    return [Observance(*key, tuple(walls)) for key, walls in found.items()]
