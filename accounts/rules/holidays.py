"""Public holidays as proposals: a person accepts each before it closes a day (SEMANTICS 1.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import holidays as known
from dateutil.rrule import rrulestr
from icalendar import Calendar as File
from icalendar import Component

MAX_BYTES = 1_000_000
MAX_EVENTS = 5_000
LONGEST = 31  # days an event may last


class HolidayError(ValueError):
    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True, order=True)
class Holiday:
    on: date
    name: str


@dataclass(frozen=True, slots=True)
class Found:
    """`left_out` says in sentences what of a file was not taken, and why."""

    holidays: tuple[Holiday, ...]
    left_out: tuple[str, ...] = ()


def places() -> dict[str, list[str]]:
    """Country code -> codes of its regions, of all that are known."""
    return {
        code: list(regions) for code, regions in sorted(known.list_supported_countries().items())
    }


def of_country(code: str, region: str, years: range) -> Found:
    """Raises HolidayError `unknown_country` or `unknown_region`."""
    regions = known.list_supported_countries().get(code)
    if regions is None:
        raise HolidayError("unknown_country", f"No holidays are known for {code!r}.")
    if region and region not in regions:
        raise HolidayError("unknown_region", f"{code} has no region {region!r}.")
    days = known.country_holidays(code, subdiv=region or None, years=years, language="en_US")
    return Found(tuple(Holiday(on, name) for on, name in sorted(days.items())))


def in_file(content: bytes, first: date, last: date) -> Found:
    """The whole days of an .ics file from `first` to `last`, both included.

    An event with hours closes no day and is left out with a sentence. Raises HolidayError
    `too_large`, `not_ics`.
    """
    if len(content) > MAX_BYTES:
        raise HolidayError("too_large", "The file is larger than 1 MB.")
    try:
        file = File.from_ical(content)
        events = list(file.walk("VEVENT"))
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise HolidayError("not_ics", "This is not an iCalendar file.") from error
    if not events and file.name != "VCALENDAR":
        raise HolidayError("not_ics", "This is not an iCalendar file.")
    if len(events) > MAX_EVENTS:
        raise HolidayError("too_large", f"The file has more than {MAX_EVENTS:,} events.")
    found: dict[date, str] = {}
    left_out: list[str] = []
    for event in events:
        name = str(event.get("SUMMARY") or "Holiday").strip()[:80]
        start = getattr(event.get("DTSTART"), "dt", None)
        if start is None or isinstance(start, datetime):
            left_out.append(f"{name}: has hours, so it closes no whole day.")
            continue
        try:
            for day in _days(event, start, first, last):
                found.setdefault(day, name)
        except (ValueError, TypeError, OverflowError) as error:
            left_out.append(f"{name}: its rule cannot be read ({str(error)[:80]}).")
    return Found(tuple(Holiday(on, found[on]) for on in sorted(found)), tuple(left_out))


def _days(event: Component, start: date, first: date, last: date) -> Iterator[date]:
    end = getattr(event.get("DTEND"), "dt", None)
    length = (end - start).days if isinstance(end, date) and not isinstance(end, datetime) else 1
    length = min(max(length, 1), LONGEST)
    starts = [start]
    if rule := event.get("RRULE"):
        begin = datetime.combine(start, datetime.min.time())
        repeats = rrulestr(rule.to_ical().decode(), dtstart=begin, ignoretz=True)
        until = datetime.combine(last, datetime.max.time())
        since = datetime.combine(first, datetime.min.time()) - timedelta(days=LONGEST)
        starts = [each.date() for each in repeats.between(since, until, inc=True)]
    for each in starts:
        for number in range(length):
            if first <= (day := each + timedelta(number)) <= last:
                yield day
