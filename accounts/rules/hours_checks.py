"""What a person is told before service hours take effect (SEMANTICS 1.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from accounts.rules.service_hours import WEEKDAYS, Calendar, CalendarError
from accounts.rules.zones import ticks

OPENS_WITHIN = timedelta(days=366)
HOLIDAYS_REACH = timedelta(days=90)
Windows = list[list[str]]


def checked(spec: Mapping, at: datetime) -> Calendar:
    """The calendar of a spec that may take effect at `at`.

    Raises CalendarError, `never_opens` when it opens at no instant of the next 366 days.
    """
    calendar = Calendar.of(spec)
    if not calendar.elapsed_ticks(ticks(at), ticks(at + OPENS_WITHIN)):
        raise CalendarError("never_opens", "These service hours open at no time of the next year.")
    return calendar


def warnings(spec: Mapping, at: datetime) -> list[str]:
    """Sentences about what is allowed and probably not meant."""
    return list(_warnings(spec, at))


def _warnings(spec: Mapping, at: datetime) -> Iterator[str]:
    for place in spec.get("union") or [spec]:
        if place.get("24x7"):
            continue
        zone, dates = place.get("tz"), sorted(place.get("dates") or {})
        if not dates:
            yield f"No holidays are listed for {zone}: every day counts as any other."
        elif date.fromisoformat(dates[-1]) < (at + HOLIDAYS_REACH).date():
            yield f"The holidays listed for {zone} end on {dates[-1]}, within 90 days."


def split_at_midnight(weekly: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, Windows]:
    """The same hours with no window over midnight; each day's windows in order."""
    days: dict[str, Windows] = {}
    for name, windows in weekly.items():
        for opens, closes in windows:
            if closes == "00:00":
                closes = "24:00"
            if closes > opens:
                days.setdefault(name, []).append([opens, closes])
                continue
            following = WEEKDAYS[(WEEKDAYS.index(name) + 1) % 7]
            days.setdefault(name, []).append([opens, "24:00"])
            days.setdefault(following, []).append(["00:00", closes])
    return {name: _sorted(days[name]) for name in WEEKDAYS if name in days}


def _sorted(windows: Iterable[Sequence[str]]) -> Windows:
    return sorted([list(window) for window in windows])
