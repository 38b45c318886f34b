"""Whatever people do to a few incidents, in any order, with time passing: what must always hold.

BELAY_EXAMPLES=50 makes it try fifty times as many lives (tests/examples.py).
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.selectors.people import rights_of
from config.lib.errors import DomainError
from escalations.models import Clock, Handoff, Incident, LadderRun, Notice, Responder
from escalations.rules.lifecycle import MOVES, OPEN_STATES, State, Verb, allowed
from escalations.rules.moving_guards import UNMERGE_WITHIN
from escalations.selectors.policies import policy_doc
from escalations.services.clocks import cadence_of, state_of
from escalations.services.moves import perform
from escalations.tasks.schedule import sweep
from tests.conftest import AT
from tests.examples import TIMES, examples
from tests.factories.incidents import MAJOR, open_incident

PEOPLE = ("agent", "agent2", "duty", "senior", "steward", "auditor")
MINUTE = timedelta(minutes=1)
WAITS = st.sampled_from((0, 0, 1, 7, 45, 150, 60 * 26))
GONE = (State.MERGED, State.CANCELLED)
counted = {"lives": 0, "moves": 0, "refusals": 0, "sweeps": 0}
LADDERS_OWN: tuple[Verb, ...] = ()
# Refusals that know more than the table of moves: the reason is not in the state of the incident.
# What the table of moves allows and what was sent does not fit.
MAY_BE_ASKED = {"into_not_open", "into_milder", "review_waiver", "review_missing"}
MAY_BE_ASKED |= {"triaged_before"}
OTHER_CODES = {
    "already_claimed",
    "already_acknowledged",
    "owns_it_already",
    "linked_already",
    "not_linked",
    "unknown_incident",
    "approver_missing",
    "not_asked",
    "in_past",
    "too_short",
    "no_room",
    "cannot_respond",
}


def body(verb, other, at, data):
    """Everything that the guards of a verb may ask to be given."""
    later = at + timedelta(minutes=data.draw(st.integers(5, 300)))
    somebody = data.draw(st.sampled_from(("agent", "agent2", "duty")))
    severity = data.draw(st.sampled_from(("S1", "S2", "S3", "S4")))
    take_over = data.draw(st.booleans())
    return {
        Verb.TRIAGE: {"category": "outage", "team": "frontline", "severity": severity},
        Verb.CLAIM: {"take_over": take_over},
        Verb.ACKNOWLEDGE: {"take_over": take_over},
        Verb.VERIFY: {"outcome": "confirmed", "evidence": "Two sources agree."},
        Verb.MITIGATE: {"plan": "Fail over.", "relapse_note": "It came back."},
        Verb.PROPOSE_CONTAIN: {"evidence": "Quiet for ten minutes."},
        Verb.CONFIRM_CONTAIN: {},
        Verb.MONITOR: {"recovery_kpi": "Errors"},
        Verb.RESOLVE: {
            "resolution_code": "fixed",
            "cause_category": "change",
            "final_update": "It works again.",
            "customer_told": True,
        },
        Verb.CLOSE: {"review_waiver": "Known."},
        Verb.PAUSE: {
            "reason": data.draw(st.sampled_from(("customer_wait", "third_party_wait"))),
            "awaiting": "logs",
        },
        Verb.RESUME: {},
        Verb.SNOOZE: {"until": later},
        Verb.HOLD_LADDER: {"until": later, "approver": "senior"},
        Verb.SET_SEVERITY: {"severity": severity},
        Verb.UPDATE: {"text": "We work on it."},
        Verb.NOTE: {"text": "Noted."},
        Verb.HAND_OFF: {
            "to_person": somebody,
            "summary": "Down.",
            "status": "Looking.",
            "risks": "None.",
            "next_step": "Restart.",
            "next_step_owner": somebody,
            "next_step_due_at": later,
        },
        Verb.NAME_OWNER: {"person": somebody},
        Verb.MERGE: {"into": other, "count_from": data.draw(st.sampled_from(("", "earliest")))},
        Verb.LINK: {"to": other, "kind": "related"},
        Verb.UNLINK: {"to": other},
    }.get(verb, {}) | ({} if verb in (Verb.PAUSE, Verb.RESUME) else {"reason": "So it is."})


class Lives(RuleBasedStateMachine):
    company = None

    @initialize(kinds=st.lists(st.sampled_from(("S1", "S2", "S3")), min_size=2, max_size=3))
    def begin(self, kinds):
        counted["lives"] += 1
        self.saved = transaction.savepoint()
        self.at = AT
        facts = {"S1": MAJOR, "S2": {"core_down_no_workaround": True}, "S3": {}}
        accounts = ("northwind", "northwind", "halden")
        self.numbers = [
            open_incident(AT, f"life-{n}", facts=facts[kind], account=accounts[n]).number
            for n, kind in enumerate(kinds)
        ]
        self.versions = {number: 0 for number in self.numbers}
        self.void_clocks, self.missed = set(), set()

    def teardown(self):
        if hasattr(self, "saved"):
            self.columns_are_what_the_ledgers_say()
            transaction.savepoint_rollback(self.saved)

    @rule(which=st.integers(0, 2), who=st.sampled_from(PEOPLE), wait=WAITS, data=st.data())
    def one(self, which, who, wait, data):
        self.move(which, who, wait, data)

    @rule(which=st.integers(0, 2), data=st.data())
    def several_in_a_row(self, which, data):
        for _ in range(4):
            who = data.draw(st.sampled_from(("agent", "duty", "agent2", "senior")))
            self.move(which, who, data.draw(st.sampled_from((0, 3, 20))), data)

    def move(self, which, who, wait, data):
        self.at += wait * MINUTE
        number = self.numbers[which % len(self.numbers)]
        other = self.numbers[(which + 1) % len(self.numbers)]
        before, person = Incident.objects.get(pk=number), self.company[who]
        rights = rights_of(person)
        legal = [Verb(each) for each in allowed(before.state, rights)]
        is_odd = data.draw(st.integers(0, 5)) == 0 or not set(legal) - set(LADDERS_OWN)
        verb = data.draw(
            st.sampled_from(
                [each for each in (Verb if is_odd else legal) if each not in LADDERS_OWN]
            )
        )
        given = body(verb, other, self.at, data)
        events = before.timeline.count()
        try:
            with transaction.atomic():
                perform(number, verb, given, by=person, at=self.at)
        except DomainError as error:
            counted["refusals"] += 1
            self.refused(error, before, verb, rights, events)
            return
        counted["moves"] += 1
        assert verb in legal, "what the table does not allow succeeded"
        self.moved(before, verb, given, person)

    def refused(self, error, before, verb, rights, events):
        now = Incident.objects.get(pk=before.pk)
        assert (now.version, now.state) == (before.version, before.state), "refused, and changed"
        assert now.timeline.count() == events
        if error.code == "missing_right":
            assert error.status == 403 and MOVES[verb].right not in rights
        elif error.code == "illegal_move":
            assert error.status == 409
            assert error.extra["allowed"] == allowed(before.state, rights)
            unmet = {each["code"]: each for each in error.extra["unmet"]}
            assert unmet, "a refusal says why"
            assert ("wrong_state" in unmet) == (before.state not in MOVES[verb].sources)
            asked = {code for code, each in unmet.items() if each["field"]}
            assert not asked - MAY_BE_ASKED
        else:
            assert error.code in OTHER_CODES, (verb, error.code, error.detail)
            assert verb.value in allowed(before.state, rights)

    def moved(self, before, verb, given, person):
        now = Incident.objects.get(pk=before.pk)
        assert now.version == before.version + 1
        target = MOVES[verb].target
        # An S1 goes by two people; answering again or late leaves the state as it is.
        stays = verb in (Verb.MERGE, Verb.CANCEL, Verb.CLAIM, Verb.ACKNOWLEDGE, Verb.NAME_OWNER)
        if verb is Verb.UNMERGE:
            assert self.at - before.updated_at <= UNMERGE_WITHIN
            assert now.state in OPEN_STATES
        elif target is None:
            assert now.state == before.state
        else:
            assert now.state == target or (stays and now.state == before.state)
        if verb is Verb.ACCEPT_HAND_OFF:
            assert now.commander == person and now.accepted_at == self.at
        elif verb is Verb.NAME_OWNER:
            assert now.commander.username == given["person"]
        elif verb not in (Verb.CLAIM, Verb.ACKNOWLEDGE):
            assert now.commander_id == before.commander_id, "only an answer changes the owner"

    @rule(wait=WAITS)
    def time_passes(self, wait):
        self.at += wait * MINUTE
        owners = dict(Incident.objects.values_list("pk", "commander"))
        counted["sweeps"] += 1
        while sweep(self.at):
            pass
        assert dict(Incident.objects.values_list("pk", "commander")) == owners

    @invariant()
    def one_owner_or_none(self):
        for incident in self.incidents():
            rows = Responder.objects.filter(incident=incident, role="commander", ended_at=None)
            owners = [row.user_id for row in rows]
            assert len(owners) <= 1, "two owners"
            if incident.state in OPEN_STATES and incident.accepted_at:
                assert owners == [incident.commander_id]

    @invariant()
    def one_hand_off_waits_and_only_while_it_is_open(self):
        for incident in self.incidents():
            waiting = Handoff.objects.pending().filter(incident=incident).count()
            assert waiting <= (1 if incident.state in OPEN_STATES else 0)

    @invariant()
    def what_is_gone_is_silent(self):
        for incident in self.incidents():
            runs = LadderRun.objects.filter(incident=incident, state__in=("active", "halted"))
            live = Clock.objects.filter(incident=incident, run_state__in=("running", "paused"))
            assert runs.count() <= 1
            if incident.state in OPEN_STATES:
                continue
            assert not live and not runs, incident.state
            if incident.state in GONE:
                assert incident.is_void
                assert not Notice.objects.pending().filter(incident=incident).exists()

    @invariant()
    def void_is_void_and_missed_is_missed(self):
        for clock in Clock.objects.all():
            is_cancelled = clock.run_state == "cancelled"
            assert is_cancelled == (clock.outcome == "void")
            assert is_cancelled or clock.pk not in self.void_clocks, "a void clock came back"
            assert clock.outcome in ("missed", "void") or clock.pk not in self.missed
            if is_cancelled:
                self.void_clocks.add(clock.pk)
            elif clock.outcome == "missed":
                self.missed.add(clock.pk)

    @invariant()
    def what_breaks_is_said_once(self):
        for clock in Clock.objects.exclude(kind="cadence").prefetch_related("marks"):
            breaches = [mark for mark in clock.marks.all() if mark.kind == "breach"]
            assert len(breaches) <= 1
            if clock.outcome == "missed":
                assert breaches or clock.next_wake_at, "nobody will ever say it"
            elif clock.run_state == "running":
                assert clock.next_wake_at is not None

    @invariant()
    def versions_rise_and_merges_end_somewhere(self):
        into = dict(Incident.objects.values_list("pk", "merged_into"))
        for incident in self.incidents():
            assert incident.version >= self.versions[incident.pk]
            self.versions[incident.pk] = incident.version
            assert (incident.state == State.MERGED) == (incident.merged_into_id is not None)
            seen, here = set(), incident.pk
            while here is not None:
                assert here not in seen, "merged in a circle"
                seen.add(here)
                here = into[here]

    def columns_are_what_the_ledgers_say(self):
        for clock in Clock.objects.select_related("incident").prefetch_related("events"):
            events = list(clock.events.all())
            if clock.kind == "cadence":
                due = cadence_of(clock, events, self.at).next_due_at
                late = clock.breach_after is not None and clock.breach_after < self.at
                assert late or due == clock.due_at
                continue
            state = state_of(clock, events, policy_doc(clock.incident.policy_version_id), self.at)
            assert state.run_state.value == clock.run_state
            if clock.run_state != "paused":
                assert state.due_at == clock.due_at

    def incidents(self):
        return Incident.objects.filter(pk__in=self.numbers).order_by("pk")


def test_whatever_people_do_owners_clocks_and_versions_stay_sound(company):
    Lives.company = company
    run_state_machine_as_test(
        Lives,
        # A life is costly: one that fails is told as it was, not made smaller.
        settings=settings(
            examples(6, steps=14),
            suppress_health_check=list(HealthCheck),
            derandomize=TIMES == 1,
            phases=[Phase.generate],
        ),
    )
    assert counted["lives"] > 0 and counted["moves"] > 0
