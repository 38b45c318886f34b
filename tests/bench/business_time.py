"""Adding business time, beside the library that people take for it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import cycle

from accounts.rules.service_hours import Calendar
from tests.bench.figures import Figure, cpu_us

WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
REACH_US, REACH_RATIO = 5.0, 100.0


def figures() -> Iterator[Figure]:
    import businesstimedelta
    import holidays
    import pytz

    draw = random.Random(7)
    asked = [
        (FIRST + timedelta(minutes=draw.randrange(525_600)), draw.randrange(1, 80 * 60) * 60)
        for _ in range(500)
    ]
    off = holidays.country_holidays("US", years=range(2025, 2029))
    spec = {"tz": "America/New_York", "weekly": WEEK, "dates": {str(day): [] for day in off}}
    calendar = Calendar.of(spec)
    rule = businesstimedelta.Rules(
        [
            businesstimedelta.WorkDayRule(
                start_time=time(9),
                end_time=time(17),
                working_days=[0, 1, 2, 3, 4],
                tz=pytz.timezone("America/New_York"),
            ),
            businesstimedelta.HolidayRule(off, tz=pytz.timezone("America/New_York")),
        ]
    )

    def ours(start: datetime, seconds: int) -> datetime | None:
        return calendar.add(start, seconds * 1_000_000)

    def theirs(start: datetime, seconds: int) -> datetime:
        return start + businesstimedelta.BusinessTimeDelta(rule, seconds=seconds)

    differ = [one for one in asked if ours(*one) != theirs(*one).astimezone(UTC)]
    if differ:
        raise AssertionError(f"{len(differ)} of {len(asked)} sums differ, first {differ[0]}")
    mine, other = cycle(asked), cycle(asked)
    us = cpu_us(lambda: ours(*next(mine)), times=20_000)
    library = cpu_us(lambda: theirs(*next(other)), times=len(asked), rounds=3)
    yield Figure(
        what="add up to 80 h of business time, with holidays",
        unit="us",
        ours=us,
        theirs=library,
        beside="businesstimedelta",
        ratio=library / us,
        reach=f"<= {REACH_US:g} us, >= {REACH_RATIO:g} x",
        is_reached=us <= REACH_US and library / us >= REACH_RATIO,
    )
    built = cpu_us(
        lambda: Calendar.of({"tz": "America/New_York", "weekly": WEEK}).add(FIRST, 1), times=20
    )
    yield Figure(
        what="build a calendar and its first year",
        unit="us",
        ours=built,
        theirs=None,
        beside="",
        ratio=None,
        reach="<= 10,000 us",
        is_reached=built <= 10_000,
    )
