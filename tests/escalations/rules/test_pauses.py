"""Time that stood still, from the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from escalations.rules.clock_events import ClockEvent
from escalations.rules.pauses import paused_of

START = datetime(2026, 11, 17, 10, 0, tzinfo=UTC)
CUSTOMER, THIRD = "customer_wait", "third_party_wait"

# what stands in the ledger, minute by minute; total and paused minutes after an hour
CASES = {
    "nothing paused": ([(0, "start", None)], 60, 0),
    "one wait": ([(0, "start", None), (10, "pause", CUSTOMER), (30, "resume", None)], 60, 20),
    "still waits": ([(0, "start", None), (45, "pause", THIRD)], 60, 15),
    "waits that overlap count once": (
        [
            (0, "start", None),
            (10, "pause", CUSTOMER),
            (20, "pause", THIRD),
            (30, "resume", CUSTOMER),
            (40, "resume", THIRD),
        ],
        60,
        30,
    ),
    "a reply ends the customer's wait alone": (
        [
            (0, "start", None),
            (10, "pause", CUSTOMER),
            (20, "pause", THIRD),
            (30, "customer_reply", None),
        ],
        60,
        50,
    ),
    "a wait ends with its clock": (
        [(0, "start", None), (10, "pause", CUSTOMER), (20, "stop", None)],
        20,
        10,
    ),
    "what is reopened counts on": (
        [(0, "start", None), (20, "stop", None), (50, "reopen", None)],
        30,
        0,
    ),
    "a pause taken back is none": (
        [(0, "start", None), (10, "pause", CUSTOMER), (10, "resume", None)],
        60,
        0,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_time_that_waited(name):
    lines, total, paused = CASES[name]
    events = [
        ClockEvent(at=START + timedelta(minutes=minute), type=kind, seq=seq, reason=reason)
        for seq, (minute, kind, reason) in enumerate(lines, 1)
    ]
    found = paused_of(events, START + timedelta(hours=1))
    assert (found.total_s, found.paused_s) == (total * 60, paused * 60)


def test_before_anything_there_is_no_share():
    assert paused_of([], START).share is None
