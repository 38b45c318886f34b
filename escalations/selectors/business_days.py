"""Which days a team works, for deadlines that count business days."""

from __future__ import annotations

from datetime import date, datetime

from accounts.models import ServiceHoursVersion, Team
from accounts.rules.service_hours import WEEKDAYS
from accounts.selectors.service_hours import version_at
from escalations.rules.business_days import MONDAY_TO_FRIDAY, BusinessDays


def business_days_of(team: Team | None, at: datetime) -> BusinessDays:
    """The days of the team's service hours as of `at`; Monday to Friday in UTC without any."""
    version = version_at(team.service_hours_id if team else None, at)
    return MONDAY_TO_FRIDAY if version is None else days_of(version)


def days_of(version: ServiceHoursVersion) -> BusinessDays:
    dates = {date.fromisoformat(day): windows for day, windows in (version.dates or {}).items()}
    return BusinessDays(
        zone=version.zone,
        weekdays=frozenset(i for i, day in enumerate(WEEKDAYS) if version.weekly.get(day)),
        closed=frozenset(day for day, windows in dates.items() if not windows),
        opened=frozenset(day for day, windows in dates.items() if windows),
    )
