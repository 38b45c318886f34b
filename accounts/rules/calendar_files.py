"""Shifts in an iCalendar file, expanded as RFC 5545 says.

Rules recur in local time of their TZID. An event with DTEND lasts exactly as long each time, one
with DURATION as long by the wall clock (3.8.5.3). A day without times is 00:00 to 24:00 local.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from math import gcd
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar

from accounts.rules.zones import UnknownZone, instant_of, zone_named

MAX_BYTES = 1_000_000
MAX_EVENTS, MAX_SHIFTS = 2_000, 5_000
LOOKS_BACK = timedelta(days=3660)  # how old the first of a recurring event may be
NEAR, NONE = timedelta(hours=3), timedelta()
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MAX_RULES = 50
MAX_STEPS = 100_000  # times that the rules of one file may have to be looked at
STEPS = {
    "HOURLY": timedelta(hours=1),
    "DAILY": timedelta(days=1),
    "WEEKLY": timedelta(days=7),
    "MONTHLY": timedelta(days=28),
    "YEARLY": timedelta(days=365),
}
PARTS = frozenset(
    "FREQ INTERVAL COUNT UNTIL WKST BYSETPOS BYDAY BYMONTH BYMONTHDAY BYHOUR BYMINUTE".split()
)
MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class CalendarFileError(ValueError):
    """A file that cannot be read as shifts. `code` is for machines, `sentence` for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


@dataclass(frozen=True, slots=True)
class FoundShift:
    """`who` holds what may name the person: mail addresses first, then the title."""

    start: datetime
    end: datetime
    who: tuple[str, ...]
    uid: str


@dataclass(frozen=True, slots=True)
class FoundShifts:
    shifts: tuple[FoundShift, ...]
    warnings: tuple[str, ...]


def shifts_in(
    content: bytes,
    start: datetime,
    end: datetime,
    *,
    days_in: str = "UTC",
    floating_in: str = "",
) -> FoundShifts:
    """Shifts that overlap [start, end), in order. `days_in` is the zone of whole days, and
    `floating_in` that of times without a zone, which are refused if it is empty.

    Raises CalendarFileError too_large, not_a_calendar, too_many_events, too_many_shifts,
    floating_time, unknown_zone, bad_event or unsupported_rule.
    """
    if len(content) > MAX_BYTES:
        raise CalendarFileError("too_large", "At most 1 MB.")
    try:
        calendar = Calendar.from_ical(content)
        events: list[Any] = list(calendar.walk("VEVENT"))
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise CalendarFileError("not_a_calendar", "This is no iCalendar file.") from error
    if len(events) > MAX_EVENTS:
        raise CalendarFileError("too_many_events", f"At most {MAX_EVENTS} events in a file.")
    reader = _Reader(days_in, floating_in)
    moved: set[tuple[str, datetime]] = set()
    found: list[FoundShift] = []
    for event in events:
        if "RECURRENCE-ID" in event:
            with _readable(event):
                moved.add((str(event.get("UID", "")), reader.moment(event["RECURRENCE-ID"].dt)[0]))
    for event in events:
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        with _readable(event):
            every = reader.expanded(event, moved, end)
            found += islice((s for s in every if s.end > start), MAX_SHIFTS + 1)
        if len(found) > MAX_SHIFTS:
            raise CalendarFileError("too_many_shifts", f"At most {MAX_SHIFTS} shifts at once.")
    found = sorted((s for s in found if s.start < end), key=lambda s: (s.start, s.end))
    return FoundShifts(tuple(found), tuple(_clock_changes(found, reader.zones)))


@contextmanager
def _readable(event: Any) -> Iterator[None]:
    try:
        yield
    except CalendarFileError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        name = str(event.get("SUMMARY", "without a title"))[:60]
        raise CalendarFileError("bad_event", f"Event {name!r} cannot be read.") from error


class _Reader:
    def __init__(self, days_in: str, floating_in: str) -> None:
        self.days_in = _zone(days_in)
        self.floating_in = _zone(floating_in) if floating_in else None
        self.zones: dict[str, ZoneInfo] = {}
        self.rules = self.steps = 0

    def local(self, value: Any) -> tuple[datetime, ZoneInfo]:
        """The wall time a value says and the zone it is said in."""
        if not isinstance(value, datetime):
            return datetime.combine(value, time()), self._seen(self.days_in)
        if value.tzinfo is None:
            if self.floating_in is None:
                raise CalendarFileError(
                    "floating_time", "Some times have no zone. Say in which zone they are meant."
                )
            return value, self._seen(self.floating_in)
        name = getattr(value.tzinfo, "key", None) or str(value.tzinfo)
        zone = ZoneInfo("UTC") if value.tzinfo is UTC else _zone(name)
        return value.replace(tzinfo=None), self._seen(zone)

    def moment(self, value: Any) -> tuple[datetime, ZoneInfo]:
        wall, zone = self.local(value)
        return instant_of(zone, wall), zone

    def expanded(
        self, event: Any, moved: set[tuple[str, datetime]], end: datetime
    ) -> Iterator[FoundShift]:
        first = event["DTSTART"].dt
        wall, zone = self.local(first)
        uid, who = str(event.get("UID", "")), _named(event)
        is_one = "RECURRENCE-ID" in event
        walls = [wall] if is_one else self._walls(event, wall, zone, end)
        out = set() if is_one else {self.moment(each)[0] for each in _dates(event, "EXDATE")}
        for each in walls:
            start = instant_of(zone, each)
            if start in out or (not is_one and (uid, start) in moved):
                continue
            until = self._end(event, first, each, start, zone)
            if until <= start:
                raise CalendarFileError("bad_event", "An event ends before it begins.")
            yield FoundShift(start, until, who, uid)

    def _walls(self, event: Any, wall: datetime, zone: ZoneInfo, end: datetime) -> list[datetime]:
        found = {wall}
        last = end.astimezone(zone).replace(tzinfo=None)
        for each in _dates(event, "RDATE"):
            value = each[0] if isinstance(each, tuple) else each
            found.add(self.moment(value)[0].astimezone(zone).replace(tzinfo=None))
        rules = event.get("RRULE", [])
        for rule in rules if isinstance(rules, list) else [rules]:
            if end - instant_of(zone, wall) > LOOKS_BACK:
                raise CalendarFileError("unsupported_rule", "A rule began over ten years ago.")
            self._check(rule)
            until = rule.pop("UNTIL", None)
            if until:
                # A day without a time includes the whole of it.
                value = until[0]
                is_day = not isinstance(value, datetime)
                stop = datetime.combine(value, time.max) if is_day else self._wall_of(value, zone)
                last = min(last, stop)
            # COUNT is counted here: a rule that stops at nothing is searched until the year 9999.
            count = rule.pop("COUNT", None)
            text = rule.to_ical().decode()
            every = rrulestr(text, dtstart=wall, ignoretz=True).replace(until=last)
            self._spend(rule, last - wall)
            if _is_never(rule, wall):
                continue
            most = min(int(count[0]), MAX_SHIFTS + 1) if count else MAX_SHIFTS + 1
            found.update(islice(takewhile(last.__ge__, every), most))
            if len(found) > MAX_SHIFTS:
                raise CalendarFileError("too_many_shifts", f"At most {MAX_SHIFTS} shifts at once.")
        return sorted(found)

    def _check(self, rule: Any) -> None:
        """Refuses rules that never come true: searching for their next time takes for ever."""
        self.rules += 1
        freq = str(rule.get("FREQ", [""])[0]).upper()
        months = [int(month) for month in rule.get("BYMONTH", range(1, 13))]
        days = [abs(int(day)) for day in rule.get("BYMONTHDAY", [1])]
        longest = max((MONTH_DAYS[month - 1] for month in months if 1 <= month <= 12), default=0)
        places = [abs(int(place)) for place in rule.get("BYSETPOS", [])]
        nth = [
            int("".join(c for c in str(day) if c.isdigit()) or 1) for day in rule.get("BYDAY", [])
        ]
        if (
            freq not in STEPS
            or not {str(part).upper() for part in rule} <= PARTS
            or not 1 <= min(days) <= longest
            or any(int(each) < 1 for each in rule.get("INTERVAL", [1]))
            or max(nth, default=1) > (53 if freq == "YEARLY" else 5)
            or (places and (freq not in ("MONTHLY", "YEARLY") or not 1 <= max(places) <= 31))
        ):
            raise CalendarFileError(
                "unsupported_rule", "A rule is finer than hourly, never comes true or is unusual."
            )
        if self.rules > MAX_RULES:
            raise CalendarFileError("unsupported_rule", f"At most {MAX_RULES} rules in a file.")

    def _spend(self, rule: Any, span: timedelta) -> None:
        """Bounds the work of all rules of a file together, whatever they find."""
        step = STEPS[str(rule["FREQ"][0]).upper()] * int(rule.get("INTERVAL", [1])[0])
        self.steps += max(span // step, 0)
        if self.steps > MAX_STEPS:
            raise CalendarFileError("unsupported_rule", "The rules of this file ask for too much.")

    def _wall_of(self, value: datetime, zone: ZoneInfo) -> datetime:
        if value.tzinfo is None:
            return value
        return value.astimezone(zone).replace(tzinfo=None)

    def _end(
        self, event: Any, first: Any, wall: datetime, start: datetime, zone: ZoneInfo
    ) -> datetime:
        is_days = not isinstance(first, datetime)
        if "DTEND" in event:
            begins, ends = self.moment(first)[0], self.moment(event["DTEND"].dt)[0]
            if is_days:
                whole = self.local(event["DTEND"].dt)[0] - self.local(first)[0]
                return instant_of(zone, wall + whole)
            return start + (ends - begins)  # exact
        if "DURATION" in event:
            return instant_of(zone, wall + event["DURATION"].dt)  # nominal
        return instant_of(zone, wall + timedelta(days=1)) if is_days else start

    def _seen(self, zone: ZoneInfo) -> ZoneInfo:
        return self.zones.setdefault(zone.key, zone)


def _is_never(rule: Any, wall: datetime) -> bool:
    """Steps that never meet the rule's days or months would be searched until the year 9999."""
    freq, every = str(rule["FREQ"][0]).upper(), int(rule.get("INTERVAL", [1])[0])
    days = {str(day).upper()[-2:] for day in rule.get("BYDAY", [])}
    months = {int(month) for month in rule.get("BYMONTH", [])}
    if freq in ("HOURLY", "DAILY") and days and STEPS[freq] * every % timedelta(days=7) == NONE:
        return WEEKDAYS[wall.weekday()] not in days
    if freq == "MONTHLY" and months:
        apart = gcd(every, 12)
        return not any((month - wall.month) % apart == 0 for month in months)
    return False


def _zone(name: str) -> ZoneInfo:
    try:
        return zone_named(name)
    except UnknownZone as error:
        raise CalendarFileError("unknown_zone", str(error)) from error


def _dates(event: Any, name: str) -> Iterator[datetime | date | tuple]:
    found = event.get(name, [])
    for row in found if isinstance(found, list) else [found]:
        for each in row.dts:
            yield each.dt


def _named(event: Any) -> tuple[str, ...]:
    attendees = event.get("ATTENDEE", [])
    rows = attendees if isinstance(attendees, list) else [attendees]
    mails = [str(row).lower().removeprefix("mailto:").strip() for row in rows]
    return (*mails, str(event.get("SUMMARY", "")).strip())


def _clock_changes(found: Sequence[FoundShift], zones: dict[str, ZoneInfo]) -> Iterator[str]:
    """Gaps and overlaps of up to three hours where clocks change between two shifts."""
    for one, after in pairwise(found):
        off = after.start - one.end
        if not off or abs(off) > NEAR:
            continue
        early, late = sorted((one.end, after.start))
        for zone in zones.values():
            span = (one.start.astimezone(zone), max(late, one.end).astimezone(zone))
            if span[0].utcoffset() != span[1].utcoffset():
                what = "nobody is planned" if off > timedelta(0) else "two are planned"
                times = f"{early:%d %b %Y %H:%M} to {late:%H:%M} UTC"
                yield f"Clocks change in {zone.key}: {what} {times}."
                break
