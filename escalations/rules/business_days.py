"""Counting in business days (SEMANTICS 7): deadlines of reviews and of their actions.

A calendar is given as days: which weekdays are worked, which dates are not, which are worked on
top. Monday to Friday in UTC when nobody said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
LONGEST_SEARCH = 400  # days without a single business day: the calendar never opens


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """`weekdays` as Python counts them, Monday 0. `dates` says for one date whether it counts."""

    zone: str = "UTC"
    weekdays: frozenset[int] = frozenset(range(5))
    closed: frozenset[date] = frozenset()
    opened: frozenset[date] = frozenset()

    def has(self, day: date) -> bool:
        if day in self.closed:
            return False
        return day in self.opened or day.weekday() in self.weekdays

    def _next(self, day: date) -> date:
        for _ in range(LONGEST_SEARCH):
            day += DAY
            if self.has(day):
                return day
        return day

    def date_after(self, start: date, days: int) -> date:
        """The date `days` business days after `start`; 0 is `start` itself."""
        for _ in range(days):
            start = self._next(start)
        return start

    def after(self, start: datetime, days: int) -> datetime:
        """The same time of day, `days` business days later, in UTC.

        A start outside business days counts from the beginning of the next one: what is resolved
        on a Saturday has all of Monday.
        """
        zone = ZoneInfo(self.zone)
        local = start.astimezone(zone)
        day, clock = local.date(), local.time()
        if not self.has(day):
            day, clock = self._next(day), time(0)
        return datetime.combine(self.date_after(day, days), clock, zone).astimezone(UTC)

    def morning(self, day: date, hour: int = 9) -> datetime:
        """That hour of that date, in UTC."""
        return datetime.combine(day, time(hour), ZoneInfo(self.zone)).astimezone(UTC)

    def today(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.zone)).date()


MONDAY_TO_FRIDAY = BusinessDays()
