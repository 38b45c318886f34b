"""Random lives of a ladder against an independent stepper, which knows no rule but the sentences of
SEMANTICS 2.2. Run many with `BELAY_EXAMPLES=2000 pytest tests/escalations/rules/test_ladder_machine.py`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from escalations.rules import ladder as rules
from escalations.rules.policy import Ladder, LadderTarget, Level, TargetKind

BEGIN = datetime(2026, 3, 2, 2, tzinfo=UTC)
PEOPLE = "abcde"
CASTS = st.lists(st.lists(st.sampled_from(PEOPLE), max_size=2, unique=True), min_size=3, max_size=3)


class LadderLife(RuleBasedStateMachine):
    """`expected` is what the stepper says is due next; `keys` every page of the run."""

    @initialize(
        waits=st.lists(st.sampled_from([60, 300, 900]), min_size=1, max_size=3),
        repeat=st.integers(0, 2),
        limit=st.sampled_from([4, 50]),
        cast=CASTS,
    )
    def begin(self, waits, repeat, limit, cast):
        levels = tuple(
            Level(number, wait, (LadderTarget(TargetKind.ROSTER, str(number - 1)),))
            for number, wait in enumerate(waits, 1)
        )
        fallback = (LadderTarget(TargetKind.PERSON, "z"),)
        self.ladder = Ladder("x", levels, repeat, 3, fallback, max_pages_total=limit)
        self.cast, self.at = cast, BEGIN
        self.run, self.keys = rules.start(self.ladder, BEGIN), []
        self.fallback_pages = 0
        self.take(rules.climb)

    def resolve(self, target, at):
        return ("z",) if target.ref == "z" else tuple(self.cast[int(target.ref)])

    def take(self, action):
        before = self.run
        self.run, steps = action(before, self.ladder, self.resolve, self.at)
        for step in steps:
            self.keys += [(step.kind == "fallback", step.cycle, step.level, p) for p in step.people]
            self.fallback_pages += len(step.people) if step.kind == "fallback" else 0
        return before, steps

    def reachable_now(self, run):
        """The stepper: the first level from here on, over one pass, with somebody new to page."""
        cycle, level = run.cycle, run.level
        for _ in self.ladder.levels:
            if level == len(self.ladder.levels):
                if cycle > self.ladder.repeat:
                    return None
                cycle, level = cycle + 1, 0
            level += 1
            known = (run.paged if cycle == run.cycle else frozenset()) | run.acked
            fresh = [person for person in self.cast[level - 1] if person not in known]
            if fresh:
                return cycle, level, fresh
        return None

    @precondition(lambda self: self.run.next_step_at is not None)
    @rule()
    def sweep_on_time(self):
        self.at = max(self.at, self.run.next_step_at)
        is_climbing = self.run.state == "active"
        expected = self.reachable_now(self.run) if is_climbing else None
        room = self.ladder.max_pages_total - self.run.pages_total
        is_prompt = self.at == self.run.next_step_at
        before, steps = self.take(rules.climb)
        assert steps, "a step was due"
        if is_climbing and expected and room > 0 and is_prompt:
            cycle, level, fresh = expected
            assert (steps[-1].cycle, steps[-1].level) == (cycle, level)
            assert list(steps[-1].people) == fresh[:room]
            wait = timedelta(seconds=self.ladder.levels[level - 1].ack_timeout_s)
            assert self.run.next_step_at == before.next_step_at + wait
        else:
            assert steps[-1].kind == "fallback" or not is_prompt

    @rule(seconds=st.integers(1, 4000))
    def sweep_late(self, seconds):
        self.at += timedelta(seconds=seconds)
        before, steps = self.take(rules.climb)
        told = [person for step in steps if step.kind == "page" for person in step.people]
        assert len(told) == len(set(told)), "nobody hears of the same outage twice"

    @rule(seconds=st.integers(0, 300))
    def sweep_twice(self, seconds):
        self.at += timedelta(seconds=seconds)
        self.take(rules.climb)
        assert self.take(rules.climb)[1] == ()

    @rule(cast=CASTS)
    def rosters_change(self, cast):
        self.cast = cast
        before, steps = self.take(rules.hand_over)
        assert self.run.next_step_at == before.next_step_at, "the timer runs on"

    @rule(person=st.sampled_from(PEOPLE))
    def answer(self, person):
        self.run = rules.acknowledge(self.run, self.ladder, person)
        assert self.run.state == "halted"

    @rule()
    def fall_silent_or_wake(self):
        def resume(run, ladder, resolve, at):
            return rules.resume_after_ack_expiry(run, ladder, resolve, at, level=max(run.level, 1))

        self.take(resume)

    @rule(action=st.sampled_from([rules.jump, rules.escalate_now, rules.nobody_reached]))
    def something_happens(self, action):
        self.take(action)

    @invariant()
    def nobody_is_paged_twice_under_one_key(self):
        if hasattr(self, "keys"):
            assert len(self.keys) == len(set(self.keys))

    @invariant()
    def it_is_never_dropped(self):
        if hasattr(self, "run"):
            assert (self.run.next_step_at is None) == (self.run.state == "halted")

    @invariant()
    def pages_are_counted(self):
        if hasattr(self, "keys"):
            assert self.run.pages_total == len(self.keys)


LadderLife.TestCase.settings = settings(
    max_examples=int(os.environ.get("BELAY_EXAMPLES", "40")), stateful_step_count=25, deadline=None
)
TestLadderLife = LadderLife.TestCase
