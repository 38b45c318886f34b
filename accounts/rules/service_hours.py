"""Service hours: when time counts (SEMANTICS 1.3).

One predicate defines everything: a calendar is open at an instant when the local wall time of
that instant lies in a window of its local date. So hours skipped in spring never happen, repeated
hours count twice, and 24x7 counts real seconds. The efficient form below is exactly equal: every
stretch of constant UTC offset is cut with the windows of its local dates into UTC intervals, whose
lengths are summed once; then each question is a bisection.

Datetimes are aware going in and UTC coming out; durations are integer microseconds. The methods
ending in `_tick` and `_ticks` ask the same in ticks (`accounts.rules.zones`).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from heapq import merge
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

from accounts.rules.zones import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    UnknownZone,
    instant,
    ticks,
    year_segments,
    year_start,
    zone_named,
)

Window = tuple[int, int]  # [from, to) in microseconds of a local day, or in ticks

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HORIZON = 3653 * DAY  # ten years: what does not open by then never opens
_FIRST_YEAR, _LAST_YEAR = 2, 9998  # local time must stay within what datetime can say
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d))?")


class CalendarError(ValueError):
    """A calendar that cannot be. `code` is for machines, `sentence` for the person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True, eq=False)
class _Hours:
    """Windows in one zone. `dates` (days since 1970) replace the week day as a whole."""

    zone: ZoneInfo
    weekly: tuple[tuple[Window, ...], ...]
    dates: Mapping[int, tuple[Window, ...]]

    def opens_ever(self) -> bool:
        return any(self.weekly) or any(self.dates.values())

    def intervals(self, year: int) -> Iterator[Window]:
        """Open UTC intervals of a UTC year, in order."""
        weekly, dates = self.weekly, self.dates
        for first, end, offset in year_segments(self.zone, year):
            for day in range((first + offset) // DAY, (end + offset - 1) // DAY + 1):
                windows = dates.get(day)
                if windows is None:
                    windows = weekly[(day + 3) % 7]  # 1 January 1970 was a Thursday
                midnight = day * DAY - offset
                for opens, closes in windows:
                    a, b = max(midnight + opens, first), min(midnight + closes, end)
                    if a < b:
                        yield a, b


@dataclass(frozen=True, slots=True, eq=False)
class _Index:
    """Open intervals of the whole UTC years `first`..`last`; `upto[i]` is the open time in 0..i."""

    first: int
    last: int
    low: int
    high: int
    starts: list[int]
    ends: list[int]
    upto: list[int]

    def before(self, tick: int) -> int:
        """Open time from the beginning of the index until `tick`."""
        i = bisect_right(self.starts, tick) - 1
        if i < 0:
            return 0
        left = self.ends[i] - tick
        return self.upto[i] - left if left > 0 else self.upto[i]


class Calendar:
    """Immutable service hours, compared by identity. Make one with `Calendar.of` and keep it.

    The index of open intervals grows by whole years on demand and is replaced, never changed, so
    that threads may share a calendar without a lock.
    """

    __slots__ = ("_index", "_never", "_parts", "is_always")

    def __init__(self, parts: Iterable[_Hours], *, is_always: bool = False) -> None:
        self._parts = tuple(parts)
        self.is_always = is_always
        self._never = not is_always and not any(part.opens_ever() for part in self._parts)
        self._index: _Index | None = None

    @classmethod
    def of(cls, spec: Mapping) -> Calendar:
        """Read `{"24x7": true}`, `{"tz", "weekly", "dates"}` or `{"union": [spec, ...]}`.

        `weekly` maps mon..sun and `dates` maps ISO dates to lists of ["HH:MM", "HH:MM"]; "24:00"
        closes at midnight, a window that ends before it begins runs over midnight. Raises
        `CalendarError` with code calendar_shape, unknown_zone, unknown_day, bad_window or
        overlapping_windows.
        """
        if not isinstance(spec, Mapping):
            raise CalendarError("calendar_shape", "Service hours must be an object.")
        if "union" in spec:
            if spec.get("weekly") or spec.get("dates") or spec.get("24x7"):
                raise CalendarError(
                    "calendar_shape", "A union takes its hours from its members only."
                )
            members = spec["union"]
            if not isinstance(members, list | tuple) or not members:
                raise CalendarError("calendar_shape", "A union needs a list of service hours.")
            calendars = [cls.of(member) for member in members]
            if any(calendar.is_always for calendar in calendars):
                return ALWAYS
            return cls(part for calendar in calendars for part in calendar._parts)
        weekly, dates = spec.get("weekly"), spec.get("dates") or {}
        if spec.get("24x7"):
            zone = _zone(spec.get("tz", "UTC"))
            if weekly:
                raise CalendarError("calendar_shape", "24x7 hours have no weekly windows.")
            if not dates:
                return ALWAYS
            weekly = {day: [("00:00", "24:00")] for day in WEEKDAYS}
        else:
            zone = _zone(spec.get("tz"))
            if weekly is None and not dates:
                raise CalendarError(
                    "calendar_shape", "Give weekly windows, dates, a union or 24x7."
                )
        days = _weekly(weekly or {})
        return cls([_Hours(zone, days, _dates(dates, days))])

    # In datetimes

    def is_open(self, at: datetime) -> bool:
        return self.is_open_tick(ticks(at))

    def next_open_at(self, at: datetime) -> datetime | None:
        """The first open instant at or after `at`; None when there is none in ten years."""
        tick = self.next_open_tick(ticks(at))
        return None if tick is None else instant(tick)

    def elapsed_us(self, start: datetime, end: datetime) -> int:
        """Open microseconds in [start, end); 0 when `end` is not after `start`."""
        return self.elapsed_ticks(ticks(start), ticks(end))

    def add(self, start: datetime, us: int) -> datetime | None:
        """The earliest instant with `us` of open time elapsed since `start`, so a whole window
        ends at its closing time and not at the next opening. None when that takes over ten years.
        Raises ValueError for a negative duration."""
        tick = self.add_ticks(ticks(start), us)
        try:
            return None if tick is None else instant(tick)
        except OverflowError:
            return None

    def windows(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Open UTC intervals within [start, end), touching ones joined."""
        a, b = ticks(start), ticks(end)
        return [(instant(x), instant(y)) for x, y in self.windows_ticks(a, b)]

    # In ticks

    def is_open_tick(self, tick: int) -> bool:
        if self.is_always or self._never:
            return self.is_always
        index = self._covering(tick, tick)
        i = bisect_right(index.starts, tick) - 1
        return i >= 0 and tick < index.ends[i]

    def next_open_tick(self, tick: int) -> int | None:
        if self.is_always:
            return tick
        if self._never:
            return None
        index = self._covering(tick, tick)
        i = bisect_right(index.starts, tick)
        if i and tick < index.ends[i - 1]:
            return tick
        while i == len(index.starts):
            if index.high > tick + HORIZON or index.last >= _LAST_YEAR:
                return None
            index = self._grown(index, index.first, index.last + 1)
        found = index.starts[i]
        return found if found - tick <= HORIZON else None

    def elapsed_ticks(self, start: int, end: int) -> int:
        if end <= start or self._never:
            return 0
        if self.is_always:
            return end - start
        index = self._covering(start, end)
        return index.before(end) - index.before(start)

    def add_ticks(self, start: int, us: int) -> int | None:
        if us < 0:
            raise ValueError("A duration to add cannot be negative.")
        if us == 0 or self.is_always:
            return start + us
        if self._never:
            return None
        index = self._covering(start, start)
        wanted = index.before(start) + us
        while not index.upto or index.upto[-1] < wanted:
            if index.high > start + HORIZON or index.last >= _LAST_YEAR:
                return None
            index = self._grown(index, index.first, index.last + 1)
        i = bisect_left(index.upto, wanted)
        found = index.ends[i] - (index.upto[i] - wanted)
        # Judged here, so that the answer does not depend on how much is already built.
        return found if found - start <= HORIZON else None

    def windows_ticks(self, start: int, end: int) -> list[Window]:
        if end <= start or self._never:
            return []
        if self.is_always:
            return [(start, end)]
        index = self._covering(start, end)
        first = max(bisect_right(index.starts, start) - 1, 0)
        last = bisect_left(index.starts, end)
        pairs = zip(index.starts[first:last], index.ends[first:last], strict=True)
        return [(max(a, start), min(b, end)) for a, b in pairs if b > start]

    # The index

    def _covering(self, first: int, last: int) -> _Index:
        index = self._index
        if index is not None and index.low <= first and last < index.high:
            return index
        years = (instant(first).year, instant(last).year)
        if years[0] < _FIRST_YEAR or years[1] > _LAST_YEAR:
            raise OverflowError(f"Service hours know the years {_FIRST_YEAR} to {_LAST_YEAR}.")
        if index is None:
            return self._grown(None, years[0], years[1])
        return self._grown(index, min(index.first, years[0]), max(index.last, years[1]))

    def _grown(self, index: _Index | None, first: int, last: int) -> _Index:
        """A larger index over the years first..last, made known to later questions."""
        known: list[Window] = []
        after = first
        if index is not None:
            known = list(zip(index.starts, index.ends, strict=True))
            for year in range(index.first - 1, first - 1, -1):
                known = [*self._year(year), *known]
            after = index.last + 1
        for year in range(after, last + 1):
            known.extend(self._year(year))
        joined = _joined(known)
        grown = _Index(
            first,
            last,
            year_start(first),
            year_start(last + 1),
            [a for a, _ in joined],
            [b for _, b in joined],
            list(accumulate(b - a for a, b in joined)),
        )
        self._index = grown
        return grown

    def _year(self, year: int) -> Iterable[Window]:
        return merge(*(part.intervals(year) for part in self._parts))


ALWAYS = Calendar((), is_always=True)


def _joined(windows: Iterable[Window]) -> list[Window]:
    """Ordered windows with overlapping and touching ones made one."""
    joined: list[Window] = []
    for a, b in windows:
        if joined and a <= joined[-1][1]:
            if b > joined[-1][1]:
                joined[-1] = (joined[-1][0], b)
        else:
            joined.append((a, b))
    return joined


def _zone(name: object) -> ZoneInfo:
    try:
        return zone_named(name)
    except UnknownZone as error:
        raise CalendarError("unknown_zone", str(error)) from None


def _weekly(spec: Mapping) -> tuple[tuple[Window, ...], ...]:
    days: list[list[Window]] = [[] for _ in WEEKDAYS]
    for name, windows in spec.items():
        if name not in WEEKDAYS:
            raise CalendarError(
                "unknown_day", f"{name!r} is not a day of the week. Use {', '.join(WEEKDAYS)}."
            )
        day = WEEKDAYS.index(name)
        own, next_morning = _split(windows, name)
        days[day] += own
        days[(day + 1) % 7] += next_morning
    return tuple(_apart(windows, WEEKDAYS[day]) for day, windows in enumerate(days))


def _dates(spec: Mapping, weekly: tuple[tuple[Window, ...], ...]) -> dict[int, tuple[Window, ...]]:
    """A listed date has exactly its own windows: nothing runs over into it from the day before,
    so a holiday is closed from 00:00 to 24:00. An overnight window of a listed date adds to the
    morning after, unless that date is listed too."""
    dates: dict[int, tuple[Window, ...]] = {}
    mornings: dict[int, list[Window]] = {}
    for name, windows in spec.items():
        try:
            day = date.fromisoformat(str(name)).toordinal() - _EPOCH_DAY
        except ValueError:
            raise CalendarError(
                "unknown_day", f"{name!r} is not a date. Write it as 2026-12-25."
            ) from None
        own, mornings[day + 1] = _split(windows, str(name))
        dates[day] = _apart(own, str(name))
    for day, windows in mornings.items():
        if windows and day not in dates:
            dates[day] = tuple(_joined(sorted([*weekly[(day + 3) % 7], *windows])))
    return dates


def _split(windows: object, day: str) -> tuple[list[Window], list[Window]]:
    """Windows of a day, and what runs over midnight into the next morning."""
    if not isinstance(windows, list | tuple):
        raise CalendarError("bad_window", f"{day}: give a list of [from, to] times.")
    own: list[Window] = []
    next_morning: list[Window] = []
    for window in windows:
        if not isinstance(window, list | tuple) or len(window) != 2:
            raise CalendarError("bad_window", f"{day}: {window!r} is not a pair [from, to].")
        opens, closes = (_time_of_day(text, day) for text in window)
        if opens == closes or opens == DAY:
            raise CalendarError(
                "bad_window",
                f"{day}: {window[0]}-{window[1]} has no length. A whole day is 00:00-24:00.",
            )
        if opens < closes:
            own.append((opens, closes))
        else:
            own.append((opens, DAY))
            if closes:
                next_morning.append((0, closes))
    return own, next_morning


def _apart(windows: list[Window], day: str) -> tuple[Window, ...]:
    windows = sorted(windows)
    for (_, closes), (opens, _) in pairwise(windows):
        if opens < closes:
            raise CalendarError(
                "overlapping_windows", f"{day}: two windows overlap. Join them into one."
            )
    return tuple(windows)


def _time_of_day(text: object, day: str) -> int:
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match:
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        time = hours * HOUR + minutes * MINUTE + seconds * SECOND
        if minutes < 60 and seconds < 60 and time <= DAY:
            return time
    raise CalendarError(
        "bad_window", f"{day}: {text!r} is not a time. Write 09:00, or 24:00 for midnight."
    )
