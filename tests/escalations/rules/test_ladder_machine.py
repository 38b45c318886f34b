"""Random lives of a ladder against an independent stepper, which knows no rule but the sentences of
SEMANTICS 2.2. It answers, falls silent, snoozes, sleeps and changes its rosters.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from escalations.rules import ladder as rules
from escalations.rules.policy import Ladder, LadderTarget, Level, QuietHours, TargetKind
from tests.examples import examples

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
        asked=st.integers(1, 3),
        nights=st.dictionaries(st.sampled_from(PEOPLE), st.integers(60, 7200), max_size=2),
    )
    def begin(self, waits, repeat, limit, cast, asked, nights):
        levels = tuple(
            Level(
                number,
                wait,
                (LadderTarget(TargetKind.ROSTER, str(number - 1)),),
                require_acks=asked,
                quiet_hours=QuietHours.RESPECT if number == 3 else QuietHours.IGNORE,
            )
            for number, wait in enumerate(waits, 1)
        )
        # Who of them sleeps, from the beginning until then; only the third level lets them.
        self.nights = {who: BEGIN + timedelta(seconds=length) for who, length in nights.items()}
        fallback = (LadderTarget(TargetKind.PERSON, "z"),)
        self.ladder = Ladder("x", levels, repeat, 3, fallback, max_pages_total=limit)
        self.cast, self.at = cast, BEGIN
        self.run, self.keys = rules.start(self.ladder, BEGIN), []
        self.fallback_pages = 0
        self.take(rules.climb)

    def resolve(self, target, at):
        return ("z",) if target.ref == "z" else tuple(self.cast[int(target.ref)])

    def quiet(self, person, at):
        end = self.nights.get(person)
        return end if end is not None and at < end else None

    def sleeps_through(self, person, level, at):
        """The stepper: nobody who wakes only when the level's wait is over is asked on it."""
        wait = timedelta(seconds=self.ladder.levels[level - 1].ack_timeout_s)
        return level == 3 and person in self.nights and self.nights[person] >= at + wait

    def take(self, action):
        before = self.run
        self.run, steps = action(before, self.ladder, self.resolve, self.at, self.quiet)
        for step in steps:
            self.keys += [(step.kind == "fallback", step.cycle, step.level, p) for p in step.people]
            held = {p: self.nights[p] for p in step.people if self.quiet(p, self.at)}
            assert dict(step.held) == (held if step.level == 3 else {}), "later, and only they"
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
            fresh = [
                person
                for person in self.cast[level - 1]
                if person not in known and not self.sleeps_through(person, level, self.at)
            ]
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
        """k of n: it rests once as many answered as are asked for, or everybody who was paged."""
        before = self.run
        self.run = rules.acknowledge(before, self.ladder, person)
        answered = before.acked | {person}
        asked = self.ladder.levels[0].require_acks
        is_enough = len(answered) >= asked or before.paged <= answered
        if before.state == "halted":
            assert self.run.state == "halted"
        elif is_enough:
            assert (self.run.state, self.run.next_step_at) == ("halted", None)
        else:
            assert (self.run.state, self.run.next_step_at) == (before.state, before.next_step_at)
        assert self.run.acked == answered

    @precondition(lambda self: self.run.state == "active" and self.run.acked)
    @rule()
    def climb_on_with_the_others(self):
        self.at = max(self.at, self.run.next_step_at)
        answered = self.run.acked
        _, steps = self.take(rules.climb)
        told = {person for step in steps if step.kind != "fallback" for person in step.people}
        assert not told & answered, "who answered is not paged"

    @precondition(lambda self: self.run.state == "halted")
    @rule(seconds=st.integers(60, 4000))
    def snooze(self, seconds):
        """Nothing happens until it is over; then the level is paged anew, with who is there."""
        before, level = self.run, max(self.run.level, 1)
        until = self.at + timedelta(seconds=seconds)
        self.at = until - timedelta(seconds=1)
        assert self.take(rules.climb)[1] == ()
        self.at = until
        here = [p for p in self.cast[level - 1] if not self.sleeps_through(p, level, until)]
        room = self.ladder.max_pages_total - before.pages_total
        _, steps = self.take(partial(rules.resume_after_ack_expiry, level=level, due=until))
        assert steps[0].at_due == until
        if room > 0:
            assert (steps[0].cycle, steps[0].level) == (before.cycle + 1, level)
            assert list(steps[0].people) == here[:room]
        else:  # the run has no pages left: only the fallback, which counts its own cycles
            assert steps[0].kind == "fallback"

    @precondition(lambda self: self.run.state == "active")
    @rule(seconds=st.integers(1, 4000))
    def be_held(self, seconds):
        before, until = self.run, self.at + timedelta(seconds=seconds)
        self.run = rules.hold(before, until)
        assert self.run.next_step_at == max(before.next_step_at, until)
        self.at = self.run.next_step_at - timedelta(seconds=1)
        if self.at >= BEGIN:
            assert self.take(rules.climb)[1] == ()

    @rule()
    def fall_silent(self):
        before = self.run
        self.take(partial(rules.resume_after_ack_expiry, level=max(before.level, 1)))
        assert (self.run == before) == (before.state != "halted")

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


LadderLife.TestCase.settings = examples(30, steps=25)
TestLadderLife = LadderLife.TestCase
