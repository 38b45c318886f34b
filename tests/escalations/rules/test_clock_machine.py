"""A clock lived through step by step, and after each step asked what the slow stepper says.

In 15 zones, around their odd days: see ODD_DAYS.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.accounts.rules.minutes import ODD_DAYS, hours_in
from tests.escalations.rules.test_clocks import KINDS, REOPENS, TARGETS, compare
from tests.examples import examples

LAST_MINUTE = 5000  # the tables of the stepper reach nine days
REASONS = st.sampled_from(["customer_wait", "third_party_wait", "lunch"])
CALENDARS = st.sampled_from(["first", "second", "always"])


class LifeOfAClock(RuleBasedStateMachine):
    """Time only goes on; several things may happen in one minute."""

    @initialize(data=st.data(), kind=KINDS, promised=TARGETS, reopens=REOPENS)
    def begin(self, data, kind, promised, reopens):
        zone, self.day = data.draw(st.sampled_from(ODD_DAYS))
        self.specs = {
            "first": data.draw(hours_in(zone, self.day)),
            "second": data.draw(hours_in("Europe/Berlin", self.day)),
            "always": {"24x7": True},
        }
        self.terms = (kind, promised, reopens)
        self.now = data.draw(st.integers(600, 2000))
        self.events = [{"at": self.now, "type": "start", "seq": 0}]

    def happens(self, kind, **more):
        self.events.append({"at": self.now, "type": kind, "seq": len(self.events), **more})

    @rule(minutes=st.integers(1, 700))
    def time_passes(self, minutes):
        self.now = min(self.now + minutes, LAST_MINUTE)

    @rule(reason=REASONS)
    def pause(self, reason):
        self.happens("pause", reason=reason)

    @rule(reason=REASONS)
    def resume(self, reason):
        self.happens("resume", reason=reason)

    @rule()
    def the_customer_replies(self):
        self.happens("customer_reply")

    @rule()
    def stop(self):
        self.happens("stop")

    @rule()
    def reopen(self):
        self.happens("reopen")

    @rule(
        promised=st.integers(0, 1200),
        mode=st.sampled_from(["keep_elapsed", "earliest", "restart"]),
        calendar=st.one_of(st.none(), CALENDARS),
    )
    def retarget(self, promised, mode, calendar):
        self.happens("retarget", target=promised, mode=mode, calendar=calendar)

    @rule(mode=st.sampled_from(["adopt_forward", "pin"]), calendar=CALENDARS)
    def the_calendar_changes(self, mode, calendar):
        self.happens("calendar_change", mode=mode, calendar=calendar)

    @invariant()
    def the_rules_say_what_a_minute_by_minute_walk_says(self):
        drawn = (self.specs, self.day, self.events, self.now)
        compare(drawn, self.terms[0], self.terms[1], self.terms[2])


TestLifeOfAClock = LifeOfAClock.TestCase
TestLifeOfAClock.settings = examples(15, steps=12)
