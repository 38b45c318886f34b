"""Service hours as people look at them: a week, a year, what is listed and what is wrong."""

from __future__ import annotations

from calendar import Calendar as Months
from calendar import month_name
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count

from accounts.models import Account, ServiceHours, ServiceHoursVersion, Team
from accounts.rules.hours_checks import warnings
from accounts.rules.service_hours import WEEKDAYS, Calendar
from accounts.rules.zones import local_day
from accounts.selectors.service_hours import calendar_of
from config.lib.errors import DomainError
from config.lib.versions import DECIDING
from escalations.selectors.hours import Coming, coming

DAY_WIDTH = 1440


@dataclass(frozen=True, slots=True)
class HoursRow:
    code: str
    name: str
    zone: str
    now: str
    is_open: bool
    customers: int
    teams: int


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    spans: list[tuple[float, float]]  # x and width of DAY_WIDTH
    words: str
    note: str


@dataclass(frozen=True, slots=True)
class Cell:
    x: int
    y: int
    kind: str  # open, closed, holiday or special
    title: str


@dataclass(frozen=True, slots=True)
class Month:
    name: str
    cells: list[Cell]
    words: str


@dataclass(frozen=True, slots=True)
class HoursPage:
    hours: ServiceHours
    version: ServiceHoursVersion
    zone: str
    now: str
    is_open: bool
    week: list[Bar]
    year: int
    months: list[Month]
    listed: list[tuple[str, str]]
    warnings: list[str]
    versions: list[ServiceHoursVersion]
    places: list[str]
    coming: list[Coming]


def hours_rows(at: datetime) -> list[HoursRow]:
    rows = ServiceHours.objects.prefetch_related("versions")
    customers, teams = _users_of(Account), _users_of(Team)
    found = []
    for hours in rows:
        version = in_effect(list(hours.versions.all()), at)
        if version is None:
            continue
        calendar = calendar_of(version.pk)
        found.append(
            HoursRow(
                code=hours.code,
                name=hours.name,
                zone=version.zone,
                now=_now(calendar, ZoneInfo(version.zone), at),
                is_open=calendar.is_open(at),
                customers=customers.get(hours.pk, 0),
                teams=teams.get(hours.pk, 0),
            )
        )
    return found


def _users_of(model: type[Account] | type[Team]) -> dict[int, int]:
    rows = model.objects.exclude(service_hours=None).order_by()
    return dict(rows.values_list("service_hours").annotate(Count("pk")))


def in_effect(versions: list[ServiceHoursVersion], at: datetime) -> ServiceHoursVersion | None:
    """The version in effect at `at`, or the first one before any is."""
    deciding = [version for version in versions if version.state in DECIDING]
    versions = sorted(deciding, key=lambda version: version.since)
    past = [version for version in versions if version.since <= at]
    return past[-1] if past else (versions[0] if versions else None)


def hours_page(code: str, at: datetime, year: int | None = None) -> HoursPage:
    """Raises DomainError `not_found`."""
    hours = ServiceHours.objects.prefetch_related("versions").filter(code=code).first()
    versions = list(hours.versions.all()) if hours else []
    version = in_effect(versions, at)
    if hours is None or version is None:
        raise DomainError("not_found", "There are no such service hours.", status=404)
    calendar, zone = calendar_of(version.pk), ZoneInfo(version.zone)
    today = at.astimezone(zone).date()
    year = year if year and 1971 <= year <= 2999 else today.year
    monday = today - timedelta(days=today.weekday())
    return HoursPage(
        hours=hours,
        version=version,
        zone=version.zone,
        now=_now(calendar, zone, at),
        is_open=calendar.is_open(at),
        week=[_bar(calendar, zone, monday + timedelta(n), version.dates) for n in range(7)],
        year=year,
        months=[_month(calendar, zone, year, number, version.dates) for number in range(1, 13)],
        listed=[(day, _windows(windows)) for day, windows in sorted(version.dates.items())],
        warnings=warnings(version.spec, at),
        versions=sorted(versions, key=lambda each: -each.number),
        places=[f"{place.get('tz')}: {week_words(place)}" for place in version.places],
        coming=coming(versions),
    )


def week_words(spec: dict[str, Any]) -> str:
    """`mon 09:00-17:00, tue ...`; days alike are said once."""
    weekly = spec.get("weekly") or {}
    said: dict[str, list[str]] = {}
    for day in WEEKDAYS:
        said.setdefault(_windows(weekly.get(day) or []), []).append(day.capitalize())
    return "; ".join(f"{', '.join(days)} {words}" for words, days in said.items())


def _now(calendar: Calendar, zone: ZoneInfo, at: datetime) -> str:
    if calendar.is_always:
        return "Always open"
    if not calendar.is_open(at):
        opens = calendar.next_open_at(at)
        return f"Closed, opens {_when(opens, zone, at)}" if opens else "Closed for good"
    for _, closes in calendar.windows(at, at + timedelta(days=8)):
        return f"Open until {_when(closes, zone, at)}"
    return "Open"


def _when(moment: datetime, zone: ZoneInfo, at: datetime) -> str:
    wall, today = moment.astimezone(zone), at.astimezone(zone).date()
    if wall.date() == today:
        return f"{wall:%H:%M}"
    near = wall.date() - today < timedelta(days=7)
    return f"{wall:%a %H:%M}" if near else f"{wall.day} {wall:%b %Y %H:%M}"


def _bar(calendar: Calendar, zone: ZoneInfo, day: date, dates: dict[str, Any]) -> Bar:
    a, b = local_day(zone, day)
    windows = calendar.windows(a, b)

    def x(moment: datetime) -> float:
        return round((moment - a) / (b - a) * DAY_WIDTH, 1)

    words = ", ".join(
        f"{opens.astimezone(zone):%H:%M} to {_closing(closes, b, zone)}"
        for opens, closes in windows
    )
    listed = dates.get(day.isoformat())
    note = "" if listed is None else ("holiday" if not listed else "special hours")
    return Bar(
        label=f"{day:%a} {day.day} {day:%b}",
        spans=[(x(opens), round(x(closes) - x(opens), 1)) for opens, closes in windows],
        words=words or "closed",
        note=note,
    )


def _closing(closes: datetime, end: datetime, zone: ZoneInfo) -> str:
    return "24:00" if closes == end else f"{closes.astimezone(zone):%H:%M}"


def _month(
    calendar: Calendar, zone: ZoneInfo, year: int, number: int, dates: dict[str, Any]
) -> Month:
    cells, opened, off = [], 0, []
    for row, week in enumerate(Months().monthdatescalendar(year, number)):
        for column, day in enumerate(week):
            if day.month != number:
                continue
            a, b = local_day(zone, day)
            is_open = bool(calendar.elapsed_us(a, b)) if a < b else False
            listed = dates.get(day.isoformat())
            kind = "open" if is_open else "closed"
            if listed is not None:
                kind = "special" if is_open else "holiday"
                off.append(str(day.day))
            opened += is_open
            title = (
                f"{day:%a} {day.day} {day:%b}: {_windows(listed) if listed is not None else kind}"
            )
            cells.append(Cell(column * 20, row * 20, kind, title))
    words = f"{month_name[number]} {year}: {opened} open days"
    return Month(month_name[number], cells, words + (f", listed: {', '.join(off)}" if off else ""))


def _windows(windows: list[list[str]]) -> str:
    return ", ".join(f"{opens}-{closes}" for opens, closes in windows) or "closed"
