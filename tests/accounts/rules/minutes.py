"""A second opinion on service hours: every minute asked by itself, straight from the predicate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from accounts.rules.service_hours import WEEKDAYS

# Zone and the UTC date of an hour that is odd there, or of nothing special.
ODD_DAYS = (
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Europe/London", "2026-10-25"),
    ("Europe/Berlin", "2026-03-29"),
    ("Africa/Cairo", "2026-04-23"),
    ("Africa/Cairo", "2026-10-29"),
    ("America/Santiago", "2026-04-05"),
    ("America/Santiago", "2026-09-06"),
    ("Australia/Lord_Howe", "2026-04-04"),
    ("Australia/Lord_Howe", "2026-10-03"),
    ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Chatham", "2026-04-04"),
    ("Asia/Kathmandu", "2026-11-20"),
    ("Africa/Casablanca", "2026-02-15"),
    ("America/St_Johns", "2026-11-01"),
    ("Asia/Tehran", "2022-09-21"),
    ("Antarctica/Troll", "2026-03-29"),
    ("Asia/Singapore", "2026-12-31"),
)
MINUTE_US = 60_000_000
BEFORE = timedelta(days=2)


def first_minute(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC) - BEFORE


@lru_cache(maxsize=128)
def local_minutes(zone: str, day: str, days: int) -> list[tuple[str, int, int]]:
    """Per minute: local date, day of the week, minute of the day."""
    tz, first = ZoneInfo(zone), int(first_minute(day).timestamp())
    found = []
    for minute in range(days * 1440):
        local = datetime.fromtimestamp(first + minute * 60, tz)
        found.append((local.date().isoformat(), local.weekday(), local.hour * 60 + local.minute))
    return found


def open_minutes(spec: dict, day: str, days: int) -> list[bool]:
    """Whether each of the minutes is open, from two days before `day` on."""
    if "union" in spec:
        members = [open_minutes(member, day, days) for member in spec["union"]]
        return [any(answers) for answers in zip(*members, strict=True)]
    if spec.get("24x7"):
        return [True] * (days * 1440)
    weekly = [_day_of(spec["weekly"].get(name, ())) for name in WEEKDAYS]
    dates = {name: _day_of(windows) for name, windows in spec.get("dates", {}).items()}
    return [
        dates.get(date, weekly[weekday])[minute]
        for date, weekday, minute in local_minutes(spec["tz"], day, days)
    ]


def _day_of(windows) -> list[bool]:
    ends = [[int(text[:2]) * 60 + int(text[3:]) for text in window] for window in windows]
    return [any(a <= minute < b for a, b in ends) for minute in range(1440)]


def _text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def day_windows(draw, most: int = 3):
    points = draw(
        st.lists(
            st.one_of(st.integers(0, 1440), st.integers(0, 48).map(lambda half: half * 30)),
            unique=True,
            max_size=2 * most,
        )
    )
    points.sort()
    pairs = zip(points[::2], points[1::2], strict=False)
    return [[_text(a), _text(b)] for a, b in pairs]


@st.composite
def hours_in(draw, zone: str, day: str):
    week = draw(st.lists(day_windows(), min_size=1, max_size=3))
    weekly = {name: week[i % len(week)] for i, name in enumerate(WEEKDAYS)}
    around = [
        (datetime.fromisoformat(day) + timedelta(days=i)).date().isoformat() for i in range(-2, 4)
    ]
    dates = draw(st.dictionaries(st.sampled_from(around), day_windows(), max_size=2))
    return {"tz": zone, "weekly": weekly, "dates": dates}


@st.composite
def calendars(draw):
    """(spec, day): hours in one zone, or two zones in union, around an odd day."""
    zone, day = draw(st.sampled_from(ODD_DAYS))
    spec = draw(hours_in(zone, day))
    if draw(st.integers(0, 4)) == 0:
        other, _ = draw(st.sampled_from(ODD_DAYS))
        spec = {"union": [spec, draw(hours_in(other, day))]}
    return spec, day
