"""When a standing meeting is next."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from escalations.rules.meetings import next_meeting

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("meeting", "every", "daily", "zone", "at", "expected"),
    [
        ("every", 2, None, UTC_ZONE, "2026-11-17T10:00", "2026-11-17T12:00"),
        ("every", 2, None, UTC_ZONE, "2026-11-17T12:00", "2026-11-17T14:00"),
        ("every", 2, None, UTC_ZONE, "2026-11-17T09:00", "2026-11-17T12:00"),
        ("daily", None, time(9, 30), BERLIN, "2026-11-17T08:29", "2026-11-17T08:30"),
        ("daily", None, time(9, 30), BERLIN, "2026-11-17T08:30", "2026-11-18T08:30"),
        ("daily", None, time(9, 30), BERLIN, "2026-07-01T08:00", "2026-07-02T07:30"),
        ("daily", None, time(2, 30), BERLIN, "2026-03-28T12:00", "2026-03-29T01:30"),
        ("daily", None, time(2, 30), BERLIN, "2026-10-24T12:00", "2026-10-25T00:30"),
        ("", None, None, UTC_ZONE, "2026-11-17T10:00", None),
    ],
)
def test_when_the_next_meeting_is(meeting, every, daily, zone, at, expected):
    found = next_meeting(
        meeting,
        every_h=every,
        daily_at=daily,
        zone=zone,
        start=moment("2026-11-17T10:00"),
        at=moment(at),
    )
    assert found == (moment(expected) if expected else None)
