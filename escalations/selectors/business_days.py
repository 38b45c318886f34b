"""Which days a team works, for deadlines that count business days."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from accounts.models import ServiceHoursVersion, Team
from accounts.rules.service_hours import WEEKDAYS
from accounts.selectors.service_hours import calendar_of, version_at
from escalations.rules.business_days import MONDAY_TO_FRIDAY, BusinessDays
from escalations.selectors.calculator import business_day_s


def business_days_of(team: Team | None, at: datetime) -> BusinessDays:
    """The days of the team's service hours as of `at`; Monday to Friday in UTC without any."""
    version = version_at(team.service_hours_id if team else None, at)
    return MONDAY_TO_FRIDAY if version is None else days_of(version)


def business_day_of(service_hours_id: int | None, at: datetime) -> int | None:
    """How long these service hours are open on most of their days, in seconds; None around the
    clock, and without any."""
    version = version_at(service_hours_id, at)
    if version is None:
        return None
    return business_day_s(calendar_of(version.pk), ZoneInfo(version.zone), at)


def days_of(version: ServiceHoursVersion) -> BusinessDays:
    dates = {date.fromisoformat(day): windows for day, windows in (version.dates or {}).items()}
    return BusinessDays(
        zone=version.zone,
        weekdays=frozenset(i for i, day in enumerate(WEEKDAYS) if version.weekly.get(day)),
        closed=frozenset(day for day, windows in dates.items() if not windows),
        opened=frozenset(day for day, windows in dates.items() if windows),
    )
