"""Any sequence of versions, stand-ins, swaps, absences and withdrawals: the resolver answers as the
stepper does, at any instant and as known at any other. `tests/examples.py` says how to try many.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import (
    Absence,
    Layer,
    LayerPerson,
    Override,
    Roster,
    RosterVersion,
    Swap,
    Team,
    User,
)
from accounts.selectors import rosters
from tests.accounts.rules.duty_steps import DAYS, QUARTER, Act, StepLayer, on_duty
from tests.examples import examples

# Zone and a day near which its clocks are odd.
ZONES = (
    ("Australia/Lord_Howe", "2026-04-04"),
    ("Pacific/Apia", "2011-12-30"),
    ("Africa/Cairo", "2026-04-23"),
    ("America/Santiago", "2026-09-06"),
    ("Asia/Kathmandu", "2026-11-20"),
    ("Europe/Dublin", "2026-10-25"),
    ("America/St_Johns", "2026-11-01"),
    ("Africa/Casablanca", "2026-02-15"),
    ("Asia/Tehran", "2022-09-21"),
    ("Pacific/Chatham", "2026-04-04"),
    ("America/New_York", "2026-03-08"),
    ("Europe/London", "2026-03-29"),
    ("Antarctica/Troll", "2026-10-25"),
)
BACK, SPAN, PEOPLE = 45, 8, 4  # days before the window, days of the window
quarters = st.integers(0, SPAN * 96 - 1)
people = st.integers(0, PEOPLE - 1)
counted = {"sequences": 0, "answers": 0}


@st.composite
def layers(draw, zone):
    zone = draw(st.sampled_from([zone, zone, *[name for name, _ in ZONES]]))
    unit = draw(st.sampled_from(("hour", "day", "week", "month")))
    windows = {}
    if draw(st.booleans()):
        a, b = sorted(draw(st.lists(st.integers(0, 95), min_size=2, max_size=2, unique=True)))
        for day in draw(st.lists(st.sampled_from(DAYS), min_size=1, unique=True)):
            windows[day] = [(time(a // 4, a % 4 * 15), time(b // 4, b % 4 * 15))]
    return {
        "zone": zone,
        # Often near the window's start, and on days that not every month has.
        "back": draw(st.integers(-2, 1) | st.integers(-2, BACK - 3)),
        "is_late": draw(st.booleans()),
        "handoff": time(draw(st.integers(0, 23)), draw(st.sampled_from((0, 15, 30, 45)))),
        "unit": unit,
        "every": draw(st.integers(3, 30) if unit == "hour" else st.integers(1, 3)),
        "people": draw(st.lists(people, min_size=1, max_size=4)),
        "windows": windows,
    }


class Duty(RuleBasedStateMachine):
    @initialize(
        odd=st.sampled_from(ZONES), data=st.data(), fallback=st.integers(-PEOPLE, PEOPLE - 1)
    )
    def begin(self, odd, data, fallback):
        counted["sequences"] += 1
        self.saved = transaction.savepoint()
        self.zone, day = odd
        self.start = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=SPAN // 2)
        self.first = self.start - timedelta(days=BACK)
        self.now = self.start - timedelta(days=1)
        self.acts, self.rows = [], []
        team, _ = Team.objects.get_or_create(code="t", defaults={"name": "T"})
        self.roster = Roster.objects.create(code="r", name="R", team=team)
        self.users = [User.objects.create(username=f"p{n}", email="p@x.org") for n in range(PEOPLE)]
        self.version(data, 0, fallback)

    def teardown(self):
        """Each history ends with a look at all of it, as known now and as known half way."""
        if not hasattr(self, "saved"):
            return
        try:
            self.ask_all(0)
            self.ask_all(len(self.acts) // 2)
        finally:
            transaction.savepoint_rollback(self.saved)
            rosters.clear_caches()

    def tell(self, act, row):
        self.acts.append(act)
        self.rows.append(row)
        self.now += timedelta(hours=7)

    def at(self, quarter):
        return self.start + quarter * QUARTER

    @rule(data=st.data(), quarter=quarters, fallback=st.integers(-PEOPLE, PEOPLE - 1))
    def version(self, data, quarter, fallback):
        begins = self.at(quarter)
        if any(a.what == "version" and a.start == begins and not a.withdrawn for a in self.acts):
            return
        last = self.users[fallback] if fallback >= 0 else None
        row = RosterVersion.objects.create(
            roster=self.roster,
            number=len(self.rows) + 1,
            effective_from=begins,
            recorded_at=self.now,
            fallback=last,
        )
        steps = []
        for position in range(1, data.draw(st.integers(1, 3)) + 1):
            asked = data.draw(layers(self.zone))
            start_on = (self.start - timedelta(days=asked["back"])).date()
            if asked["is_late"] and asked["unit"] == "month":
                start_on = max(start_on.replace(day=1) - timedelta(days=1), self.first.date())
            layer = Layer.objects.create(
                version=row,
                position=position,
                zone=asked["zone"],
                start_on=start_on,
                handoff=asked["handoff"],
                unit=asked["unit"],
                every=asked["every"],
                restrict={
                    day: [[f"{a:%H:%M}", f"{b:%H:%M}"] for a, b in found]
                    for day, found in asked["windows"].items()
                },
                first_number=position * 100,
            )
            for place, who in enumerate(asked["people"], 1):
                LayerPerson.objects.create(layer=layer, position=place, user=self.users[who])
            steps.append(
                StepLayer(
                    asked["zone"],
                    start_on,
                    asked["handoff"],
                    asked["unit"],
                    asked["every"],
                    [self.users[who].pk for who in asked["people"]],
                    asked["windows"],
                    self.first,
                    BACK + SPAN + 2,
                )
            )
        pk = last.pk if last else None
        self.tell(Act("version", begins, None, pk, self.now, layers=steps), row)

    @rule(data=st.data(), earlier=st.integers(1, SPAN * 48))
    def version_before_the_last(self, data, earlier):
        """What is planned last need not begin last."""
        last = max(act.start for act in self.acts if act.what == "version")
        quarter = (last - self.start) // QUARTER - earlier
        if quarter >= 0:
            self.version(data, quarter, data.draw(st.integers(-PEOPLE, PEOPLE - 1)))
        else:
            self.version(data, earlier, -1)

    def period(self, quarter, length):
        return self.at(quarter), self.at(quarter + length)

    @rule(quarter=quarters, length=st.integers(1, 400), who=people)
    def stand_in(self, quarter, length, who):
        start, end = self.period(quarter, length)
        user = self.users[who]
        row = Override.objects.create(
            roster=self.roster,
            user=user,
            start_at=start,
            end_at=end,
            recorded_at=self.now,
            recorded_by=user,
        )
        self.tell(Act("override", start, end, user.pk, self.now), row)

    @rule(
        quarter=quarters,
        length=st.integers(1, 400),
        who=people,
        other=people,
        layer=st.integers(1, 3),
    )
    def swap(self, quarter, length, who, other, layer):
        if who == other:
            return
        start, end = self.period(quarter, length)
        user, given = self.users[who], self.users[other]
        swap = Swap.objects.create(
            roster=self.roster,
            asked_by=given,
            asked_at=self.now,
            partner=user,
            give_layer=layer,
            give_number=1,
            take_layer=layer,
            take_number=2,
        )
        row = Override.objects.create(
            roster=self.roster,
            user=user,
            start_at=start,
            end_at=end,
            recorded_at=self.now,
            recorded_by=user,
            swap=swap,
            layer=layer,
            shift_number=1,
            instead_of=given,
        )
        act = Act("override", start, end, user.pk, self.now, instead_of=(layer, given.pk))
        self.tell(act, row)

    @rule(quarter=quarters, length=st.integers(1, 400), who=people)
    def stand_in_twice(self, quarter, length, who):
        """The later recorded wins where two overlap."""
        self.stand_in(quarter, length, who)
        self.stand_in(quarter, length, (who + 1) % PEOPLE)
        self.ask_all(0)

    @rule(quarter=quarters, length=st.integers(1, 400), who=people)
    def absence(self, quarter, length, who):
        start, end = self.period(quarter, length)
        user = self.users[who]
        row = Absence.objects.create(
            user=user, start_at=start, end_at=end, recorded_at=self.now, recorded_by=user
        )
        self.tell(Act("absence", start, end, user.pk, self.now), row)

    @precondition(lambda self: len(self.acts) > 1)
    @rule(data=st.data())
    def withdraw(self, data):
        place = data.draw(st.integers(1, len(self.acts) - 1))
        if self.acts[place].withdrawn is None:
            self.acts[place].withdrawn = self.now
            type(self.rows[place]).objects.filter(pk=self.rows[place].pk).update(
                withdrawn_at=self.now
            )
            self.now += timedelta(hours=7)

    @rule(quarter=quarters, back=st.integers(0, 20))
    def ask(self, quarter, back):
        at, known_at = self.at(quarter), self.now - timedelta(hours=7 * back)
        counted["answers"] += 1
        expected = on_duty(self.acts, self.first, at, known_at)
        assert rosters.on_call(self.roster, at, known_at).person == expected

    @rule(back=st.integers(0, 12))
    def ask_all(self, back):
        known_at = self.now - timedelta(hours=7 * back)
        end = self.start + timedelta(days=SPAN)
        plan = rosters.plan_of(self.roster, self.start, end, known_at)
        found = plan.shifts(self.start, end)
        assert (found[0].start, found[-1].end) == (self.start, end)
        assert [plan.on_call(shift.start) for shift in found] == [shift.duty for shift in found]
        place = 0
        for quarter in range(SPAN * 96):
            at = self.at(quarter)
            while found[place].end <= at:
                place += 1
            assert found[place].start <= at
            counted["answers"] += 1
            assert found[place].person == on_duty(self.acts, self.first, at, known_at), at


@pytest.mark.django_db
def test_any_history_of_a_roster_resolves_as_the_stepper_says():
    many = settings(examples(8, steps=12), suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Duty, settings=many)
    print(f"{counted['sequences']} sequences, {counted['answers']} answers compared")
    assert counted["sequences"] > 0
