"""How long a ladder may sleep (SEMANTICS 2.2.8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from escalations.rules.limits import Limits
from escalations.rules.snooze import granted

AT = datetime(2026, 11, 17, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "due", "minutes", "why"),
    [
        (20, 118, 20, ""),
        (88.5, 118, 88.5, ""),
        (89, 118, 88.5, "25 % of the time before 04:01 UTC must be left"),
        (237, 118, 88.5, "25 % of the time before 04:01 UTC must be left"),
        (480, None, 480, ""),
        (481, None, 480, "a snooze lasts at most 8 h"),
        (700, 641, 480, "a snooze lasts at most 8 h"),
        (700, 600, 450, "25 % of the time before 12:03 UTC must be left"),
        (30, -1, 30, ""),
        (30, 0, 30, ""),
        (30, 4, 3, "25 % of the time before 02:07 UTC must be left"),
    ],
)
def test_a_snooze_leaves_a_quarter_of_the_time_before_the_next_promise(asked, due, minutes, why):
    promise = None if due is None else AT + timedelta(minutes=due)
    found = granted(AT + timedelta(minutes=asked), AT, promise, Limits())
    assert (found.until, found.why) == (AT + timedelta(minutes=minutes), why)
