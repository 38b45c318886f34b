"""Where the time of a broken promise went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalations.rules.breach_causes import ORDER, Cause, Story, propose, shares

START = datetime(2026, 11, 17, 10, 0, tzinfo=UTC)


def m(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def span(a: float, b: float):
    return (m(a), m(b))


C = Cause
CASES = {
    "nobody answered": ({C.NO_ACK: [span(0, 60)]}, (), None, C.NO_ACK),
    "nobody was even asked": (
        {C.NO_ACK: [span(0, 60)], C.NO_OWNER: [span(0, 60)]},
        (),
        None,
        C.NO_OWNER,
    ),
    "work took longest": (
        {C.NO_ACK: [span(0, 10)], C.TECHNICAL: [span(12, 60)]},
        (),
        None,
        C.TECHNICAL,
    ),
    "two short waits are longer than one": (
        {C.HANDOFF_DELAY: [span(5, 20), span(30, 45)], C.TECHNICAL: [span(0, 60)]},
        (),
        None,
        C.HANDOFF_DELAY,
    ),
    "an instant counts once, for the nearer cause": (
        {C.HANDOFF_DELAY: [span(0, 31)], C.TECHNICAL: [span(0, 60)]},
        (),
        None,
        C.HANDOFF_DELAY,
    ),
    "a pause is nobody's time": (
        {C.WAITING_INTERNAL: [span(0, 50)], C.TECHNICAL: [span(50, 60)]},
        [span(5, 50)],
        None,
        C.TECHNICAL,
    ),
    "before the start counts for nothing": (
        {C.NO_ACK: [span(-90, 5)], C.TECHNICAL: [span(20, 30)]},
        (),
        None,
        C.UNKNOWN,
    ),
    "a change broke it at once": ({C.TECHNICAL: [span(0, 60)]}, (), C.RETARGET, C.RETARGET),
    "equal shares go to the first of the order": (
        {C.TECHNICAL: [span(0, 30)], C.NO_ACK: [span(30, 60)]},
        (),
        None,
        C.NO_ACK,
    ),
    "nothing is known": ({}, (), None, C.UNKNOWN),
    "all of it was a pause": ({}, [span(0, 60)], None, C.UNKNOWN),
}


@pytest.mark.parametrize("name", CASES)
def test_the_longest_share_is_proposed(name):
    spans, paused, changed, cause = CASES[name]
    assert propose(Story(START, m(60), changed, spans, paused)) is cause


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(ORDER),
        st.lists(st.tuples(st.integers(-20, 80), st.integers(-20, 80)), max_size=3),
    ),
    st.lists(st.tuples(st.integers(-20, 80), st.integers(-20, 80)), max_size=2),
)
def test_shares_add_up_minute_by_minute(spans, pauses):
    """Against a stepper that asks of each minute which cause holds."""
    found = shares(
        Story(
            START,
            m(60),
            None,
            {cause: [span(*each) for each in rows] for cause, rows in spans.items()},
            [span(*each) for each in pauses],
        )
    )
    stepped: dict[Cause, timedelta] = {}
    for minute in range(60):
        if any(a <= minute < b for a, b in pauses):
            continue
        holding = [c for c in ORDER if any(a <= minute < b for a, b in spans.get(c, ()))]
        cause = holding[0] if holding else Cause.UNKNOWN
        stepped[cause] = stepped.get(cause, timedelta(0)) + timedelta(minutes=1)
    assert found == stepped
