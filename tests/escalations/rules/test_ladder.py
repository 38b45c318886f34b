"""Climbing: the timelines of SEMANTICS 2.3 and what holds for every climb."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.rules.default_policy import default_policy
from escalations.rules.ladder import (
    RunStateName,
    StepKind,
    cancel,
    climb,
    escalate_now,
    halt,
    hand_over,
    jump,
    nobody_reached,
    resume_after_ack_expiry,
    start,
)
from escalations.rules.policy import Ladder, LadderTarget, Level, TargetKind
from tests.examples import examples

CASES = json.loads((Path(__file__).parents[2] / "cases" / "rules.json").read_text())
S1 = default_policy().ladders["s1"]
PEOPLE = {
    "primary": ("ann",),
    "secondary": ("ben",),
    "duty": ("dora",),
    "sponsor": ("sue",),
    "frontline": ("fay", "fred"),
}


def clock(text: str) -> datetime:
    parts = [int(part) for part in text.split(":")] + [0]
    return datetime(2026, 3, 2, *parts[:3], tzinfo=UTC)


def hhmm(at: datetime) -> str:
    return at.strftime("%H:%M" if at.second == 0 else "%H:%M:%S")


def staffed(**changes):
    """A resolver of the default cast; a name set to () is a gap, a function is asked for `at`."""
    cast = PEOPLE | changes

    def resolve(target, at):
        if target.kind is TargetKind.MANAGER_OF:
            people = cast.get("manager", ("max",))
        else:
            people = cast[target.ref]
        return people(at) if callable(people) else people

    return resolve


def run_until(run, ladder, resolve, end):
    """Step the run at each of its due times up to `end`."""
    steps = []
    while run.next_step_at is not None and run.next_step_at <= end:
        run, more = climb(run, ladder, resolve, run.next_step_at)
        steps += more
    return run, steps


def pages(steps):
    return [
        (hhmm(step.at_due), "fallback" if step.kind == "fallback" else f"L{step.level}")
        for step in steps
        if step.kind is not StepKind.EMPTY
    ]


def test_l1_nobody_acknowledges():
    run, steps = run_until(start(S1, clock("02:00")), S1, staffed(), clock("04:00"))
    expected = "02:00 L1 02:05 L2 02:10 L3 02:20 L4 02:35 L1 02:40 L2 02:45 L3 02:55 L4".split()
    expected += "03:10 L1 03:15 L2 03:20 L3 03:30 L4 03:45 fallback 04:00 fallback".split()
    assert pages(steps) == list(zip(expected[::2], expected[1::2], strict=True))
    assert run.state is RunStateName.EXHAUSTED
    assert hhmm(run.next_step_at) == "04:15"
    assert steps[3].people == ("max", "sue")


def test_the_worked_ladder_takes_its_steps_at_the_written_minutes():
    case = CASES["ladder"]
    target = [LadderTarget(TargetKind.PERSON, name) for name in "abcd"]
    ladder = Ladder(
        "case",
        tuple(
            Level(i, minutes * 60, (target[i - 1],))
            for i, minutes in enumerate(case["levels_ack_min"], 1)
        ),
        case["repeat"],
        3,
        (target[0],),
        case["fallback_every_min"] * 60,
    )
    begin = clock("00:00")
    end = begin + timedelta(minutes=case["steps"][-1]["at_min"])
    _, steps = run_until(start(ladder, begin), ladder, lambda target, at: (target.ref,), end)
    seen = [
        {"at_min": (step.at_due - begin).total_seconds() / 60, "what": "fallback"}
        if step.kind is StepKind.FALLBACK
        else {
            "at_min": (step.at_due - begin).total_seconds() / 60,
            "what": f"L{step.level}",
            "cycle": step.cycle,
        }
        for step in steps
    ]
    assert seen == case["steps"]


def test_l2_an_acknowledgement_that_falls_silent_is_escalated_again():
    resolve = staffed()
    run, _ = run_until(start(S1, clock("02:00")), S1, resolve, clock("02:05"))
    run = halt(run)
    assert (run.state, run.next_step_at) == (RunStateName.HALTED, None)
    assert climb(run, S1, resolve, clock("02:30")) == (run, ())
    run, steps = resume_after_ack_expiry(run, S1, resolve, clock("02:37"), level=2)
    run, more = run_until(run, S1, resolve, clock("02:42"))
    assert pages((*steps, *more)) == [("02:37", "L2"), ("02:42", "L3")]
    assert steps[0].people == ("ben",)
    assert steps[0].cycle == 2  # paged again, so the first page's key must not be met again


def test_l3_an_empty_level_is_skipped_in_the_same_second():
    _, steps = run_until(start(S1, clock("02:00")), S1, staffed(primary=()), clock("02:16"))
    assert [(s.kind, s.level, hhmm(s.at_due)) for s in steps[:2]] == [
        ("empty", 1, "02:00"),
        ("page", 2, "02:00"),
    ]
    assert steps[0].reason == "nobody on level 1 can be reached"
    assert pages(steps) == [("02:00", "L2"), ("02:05", "L3"), ("02:15", "L4")]


def test_l4_a_person_is_paged_once_a_cycle():
    resolve = staffed(secondary=("ann",))
    _, steps = run_until(start(S1, clock("02:00")), S1, resolve, clock("02:34"))
    assert pages(steps) == [("02:00", "L1"), ("02:05", "L3"), ("02:15", "L4"), ("02:30", "L1")]
    assert steps[1].reason == "everyone on level 2 was already paged in this cycle"
    assert steps[-1].cycle == 2


def test_l5_a_breach_informs_without_taking_the_acknowledgement_back():
    run, _ = climb(start(S1, clock("02:00")), S1, staffed(), clock("02:00"))
    run, steps = jump(halt(run), S1, staffed(), clock("04:01"))
    assert [(hhmm(s.at_due), s.level, s.kind, s.people) for s in steps] == [
        ("04:01", 3, "jump", ("dora",))
    ]
    assert (run.state, run.next_step_at, run.level) == (RunStateName.HALTED, None, 3)
    run, steps = jump(run, S1, staffed(), clock("05:00"))
    assert [step.level for step in steps] == [4]
    run, steps = jump(run, S1, staffed(), clock("06:00"))
    assert [(step.level, step.kind) for step in steps] == [(4, "empty")]


def test_a_jump_of_an_active_run_restarts_the_wait_at_its_level():
    run, _ = climb(start(S1, clock("02:00")), S1, staffed(), clock("02:00"))
    run, _ = jump(run, S1, staffed(), clock("02:02"))
    assert (run.level, hhmm(run.next_step_at)) == (3, "02:12")
    _, steps = run_until(run, S1, staffed(), clock("02:12"))
    assert pages(steps) == [("02:12", "L4")]


def test_a_jump_that_finds_nobody_at_all_tells_the_fallback():
    resolve = staffed(duty=(), manager=(), sponsor=(), frontline=("fay",))
    run, _ = climb(start(S1, clock("02:00")), S1, resolve, clock("02:00"))
    after, steps = jump(halt(run), S1, resolve, clock("04:01"))
    assert [(s.kind, s.people) for s in steps][-1] == ("fallback", ("fay",))
    assert (after.state, after.next_step_at) == (RunStateName.HALTED, None)


def test_l7_when_every_channel_fails_the_level_counts_as_empty():
    run, _ = climb(start(S1, clock("02:00")), S1, staffed(), clock("02:00"))
    run, steps = nobody_reached(run, S1, staffed(), clock("02:00:20"))
    assert [(s.kind, s.level) for s in steps] == [("empty", 1), ("page", 2)]
    assert pages(steps) == [("02:00:20", "L2")]
    assert hhmm(run.next_step_at) == "02:05:20"


def test_l8_after_an_outage_each_level_passed_is_paged_once():
    run, _ = climb(start(S1, clock("02:00")), S1, staffed(), clock("02:00"))
    run, steps = climb(run, S1, staffed(), clock("02:31"))
    assert [(s.level, s.late_by_s // 60) for s in steps] == [(2, 26), (3, 21), (4, 11)]
    assert hhmm(run.next_step_at) == "02:46"
    _, steps = run_until(run, S1, staffed(), clock("02:46"))
    assert [(s.level, s.cycle) for s in steps] == [(1, 2)]


def test_an_outage_over_cycles_pages_nobody_twice():
    run, _ = climb(start(S1, clock("02:00")), S1, staffed(), clock("02:00"))
    run, steps = climb(run, S1, staffed(), clock("02:41"))
    assert sorted(s.level for s in steps) == [1, 2, 3, 4]
    assert (run.cycle, run.level, hhmm(run.next_step_at)) == (2, 4, "02:56")
    run, _ = climb(start(S1, clock("02:00")), S1, staffed(), clock("02:00"))
    run, steps = climb(run, S1, staffed(), clock("09:00"))
    assert [s.kind for s in steps].count("fallback") == 1
    assert (run.state, hhmm(run.next_step_at)) == (RunStateName.EXHAUSTED, "09:15")


def test_a_sweep_a_few_seconds_late_does_not_move_the_timeline():
    run, steps = climb(start(S1, clock("02:00")), S1, staffed(), clock("02:00:20"))
    assert (steps[0].late_by_s, hhmm(run.next_step_at)) == (20, "02:05")
    run, _ = climb(start(S1, clock("02:00")), S1, staffed(), clock("02:00:31"))
    assert hhmm(run.next_step_at) == "02:05:31"


def test_l9_who_comes_on_call_during_the_wait_is_paged_too():
    resolve = staffed(primary=lambda at: ("ann",) if at < clock("02:03") else ("bob",))
    run, _ = climb(start(S1, clock("02:00")), S1, resolve, clock("02:00"))
    assert hand_over(run, S1, resolve, clock("02:02")) == (run, ())
    run, steps = hand_over(run, S1, resolve, clock("02:03"))
    assert [(hhmm(s.at_due), s.level, s.people) for s in steps] == [("02:03", 1, ("bob",))]
    assert hand_over(run, S1, resolve, clock("02:04")) == (run, ())
    _, steps = run_until(run, S1, resolve, clock("02:05"))
    assert pages(steps) == [("02:05", "L2")]


def test_l10_a_cancelled_run_pages_nobody():
    run, _ = climb(start(S1, clock("02:00")), S1, staffed(), clock("02:00"))
    run = cancel(run)
    for move in (climb, jump, escalate_now, hand_over, nobody_reached):
        assert move(run, S1, staffed(), clock("02:10")) == (run, ())
    assert halt(run) == run
    assert resume_after_ack_expiry(run, S1, staffed(), clock("03:00"), level=1) == (run, ())


def test_a_ladder_with_nobody_goes_straight_to_the_fallback():
    resolve = staffed(primary=(), secondary=(), duty=(), manager=(), sponsor=())
    run, steps = climb(start(S1, clock("02:00")), S1, resolve, clock("02:00"))
    assert [s.kind for s in steps] == ["empty"] * 4 + ["fallback"]
    assert steps[-1].people == ("fay", "fred")
    assert steps[-1].reason == "nobody on any level can be reached"
    assert hhmm(run.next_step_at) == "02:15"


def test_a_fallback_with_nobody_is_logged_and_tried_again():
    run, steps = climb(start(S1, clock("02:00")), S1, lambda target, at: (), clock("02:00"))
    assert steps[-1].reason.endswith("nobody of the fallback can be reached")
    _, steps = run_until(run, S1, staffed(), clock("02:15"))
    assert steps[-1].people == ("dora", "fay", "fred")


def test_a_person_alone_on_the_ladder_is_paged_each_cycle():
    resolve = staffed(secondary=("ann",), duty=("ann",), manager=("ann",), sponsor=())
    _, steps = run_until(start(S1, clock("02:00")), S1, resolve, clock("02:15"))
    assert pages(steps) == [
        ("02:00", "L1"),
        ("02:05", "L1"),
        ("02:10", "L1"),
        ("02:15", "fallback"),
    ]


def test_by_hand_the_next_level_is_paged_at_once():
    run, _ = climb(start(S1, clock("02:00")), S1, staffed(), clock("02:00"))
    run, steps = escalate_now(run, S1, staffed(), clock("02:01"))
    assert (pages(steps), steps[0].reason) == ([("02:01", "L2")], "escalated by hand")
    assert hhmm(run.next_step_at) == "02:06"


def test_by_hand_an_acknowledged_run_informs_and_stays_acknowledged():
    run, _ = climb(start(S1, clock("02:00")), S1, staffed(), clock("02:00"))
    run = halt(run)
    for level in (2, 3, 4):
        run, steps = escalate_now(run, S1, staffed(), clock("02:10"))
        assert [step.level for step in steps] == [level]
    run, steps = escalate_now(run, S1, staffed(), clock("02:10"))
    assert [step.kind for step in steps] == ["fallback"]
    assert (run.state, run.next_step_at) == (RunStateName.HALTED, None)


def test_the_page_limit_ends_the_climb_but_not_the_fallback():
    ladder = replace(S1, max_pages_total=4)
    _, steps = run_until(start(ladder, clock("02:00")), ladder, staffed(), clock("02:50"))
    assert pages(steps) == [
        ("02:00", "L1"),
        ("02:05", "L2"),
        ("02:10", "L3"),
        ("02:20", "L4"),
        ("02:35", "fallback"),
        ("02:50", "fallback"),
    ]
    assert steps[3].people == ("max",)
    assert steps[4].reason == "the limit of 4 pages is reached"


# -- properties -------------------------------------------------------------------------------

CASTS = st.fixed_dictionaries(
    {
        name: st.lists(st.sampled_from("pqrs"), max_size=2, unique=True).map(tuple)
        for name in ("primary", "secondary", "duty", "manager", "sponsor", "frontline")
    }
)
MOMENTS = st.lists(st.integers(0, 4 * 3600), max_size=12).map(sorted)
MOVES = st.sampled_from([climb, climb, climb, jump, hand_over, escalate_now, nobody_reached, "ack"])


@examples(200)
@given(
    MOMENTS, st.lists(CASTS, min_size=12, max_size=12), st.lists(MOVES, min_size=12, max_size=12)
)
def test_no_person_is_paged_twice_under_one_key_and_a_run_never_stands_still(moments, casts, moves):
    begin = clock("02:00")
    run, keys = start(S1, begin), []
    for seconds, cast, move in zip(moments, casts, moves, strict=False):
        at, resolve = begin + timedelta(seconds=seconds), staffed(**cast)
        if move == "ack":
            if run.state is RunStateName.HALTED:
                run, steps = resume_after_ack_expiry(run, S1, resolve, at, level=run.level)
            else:
                run, steps = halt(run), ()
        else:
            run, steps = move(run, S1, resolve, at)
        for step in steps:
            assert step.late_by_s >= 0 and step.reason
            assert (step.kind is StepKind.EMPTY) <= (not step.people)
            keys += [(step.level, step.cycle, person) for person in step.people]
        if run.state in (RunStateName.ACTIVE, RunStateName.EXHAUSTED):
            assert run.next_step_at is not None
        else:
            assert run.next_step_at is None
        assert run.pages_total == len(keys)
    assert len(keys) == len(set(keys))


@examples(100)
@given(CASTS, st.integers(0, 4 * 3600))
def test_a_second_climb_at_the_same_instant_does_nothing(cast, seconds):
    at = clock("02:00") + timedelta(seconds=seconds)
    run, _ = climb(start(S1, clock("02:00")), S1, staffed(**cast), at)
    assert run.next_step_at > at
    assert climb(run, S1, staffed(**cast), at) == (run, ())


@pytest.mark.parametrize("name", ["s1", "s2", "queue"])
def test_every_default_ladder_reaches_its_fallback(name):
    ladder = default_policy().ladders[name]
    run, steps = run_until(start(ladder, clock("02:00")), ladder, staffed(), clock("23:59"))
    assert steps[-1].kind is StepKind.FALLBACK
    assert run.state is RunStateName.EXHAUSTED
