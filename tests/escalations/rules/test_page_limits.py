"""When one person's next page may leave, after those of the last hour (SEMANTICS 2.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.rules.limits import Limits
from escalations.rules.page_limits import Turn, next_turn
from tests.examples import examples

AT = datetime(2026, 11, 17, 10, tzinfo=UTC)
LIMITS = Limits()
NOW = Turn(AT)
QUARTER, HOUR = "5 pages in 15 minutes: the rest comes together", "{} pages in an hour: the rest"


def after(seconds: int, why: str, *, is_bundle: bool) -> Turn:
    return Turn(AT + timedelta(seconds=seconds), is_bundle, why)


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        ([], NOW),
        ([30], after(30, "at most 1 a minute", is_bundle=False)),
        ([59], after(1, "at most 1 a minute", is_bundle=False)),
        ([60], NOW),
        ([400, 200, 90, 1], after(59, "at most 1 a minute", is_bundle=False)),
        ([800, 600, 400, 200, 70], after(230, QUARTER, is_bundle=True)),
        ([800, 600, 400, 301, 300], after(0, QUARTER, is_bundle=True)),
        ([899, 600, 400, 200, 10], after(290, QUARTER, is_bundle=True)),
        ([900, 600, 400, 200, 70], NOW),
        ([800, 700, 600, 400, 301], after(-1, QUARTER, is_bundle=True)),
        (
            [3000 - 200 * i for i in range(11)],
            after(-700, HOUR.format(11) + " comes together", is_bundle=True),
        ),
        (
            [3599, *(3000 - 200 * i for i in range(10))],
            after(-900, HOUR.format(11) + " comes together", is_bundle=True),
        ),
        ([3600, *(3000 - 200 * i for i in range(10))], NOW),
    ],
)
def test_when_the_next_page_may_leave(ago, expected):
    assert next_turn([AT - timedelta(seconds=each) for each in ago], AT, LIMITS) == expected


def test_a_policy_may_allow_more_in_a_minute():
    sent = [AT - timedelta(seconds=each) for each in (40, 20)]
    assert next_turn(sent, AT, Limits(pages_per_minute=3)) == NOW
    turn = next_turn(sent, AT, Limits(pages_per_minute=2))
    assert turn == after(20, "at most 2 a minute", is_bundle=False)


@examples(60)
@given(st.lists(st.integers(0, 7200), min_size=1, max_size=60).map(sorted))
def test_a_page_asked_for_at_any_time_leaves_and_never_too_many_do(asked):
    """Ask again at each turn, as the outbox does: within any hour at most eleven single pages."""
    sent: list[datetime] = []
    single: list[datetime] = []
    for seconds in asked:
        at = max([AT + timedelta(seconds=seconds), *sent[-1:]])
        turn = next_turn(sent, at, LIMITS)
        for _ in range(3):
            if turn.at <= at:
                break
            at = turn.at
            turn = next_turn(sent, at, LIMITS)
        assert turn.at <= at, "a turn comes after at most three waits"
        sent.append(at)
        if not turn.is_bundle:
            single.append(at)
    for at in single:
        window = [each for each in single if timedelta(0) <= at - each < timedelta(hours=1)]
        assert len(window) <= LIMITS.pages_per_hour
