"""The seams that everything leans on, each held by a test from the first day."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalations.models import Clock, Drill, Fact, Incident, LadderRun, Notice, Signal, Threshold
from escalations.rules.lifecycle import MOVES, Verb
from escalations.rules.verbs import FIELDS
from escalations.services.effects import EFFECTS
from escalations.services.facts import add_facts, current_facts
from escalations.services.incidents import open_incidents
from escalations.services.readings import take_in
from escalations.services.signals import SignalMessage, receive_signal
from escalations.tasks.schedule import sweep

CRITICAL = {"core_down_no_workaround": True, "users_pct": 50}


def signals(count, at, facts=None, drill=None):
    return [
        Signal.objects.create(
            source="s",
            dedup_key=uuid.uuid4().hex,
            title=f"signal {i}",
            first_at=at,
            last_at=at,
            received_at=at,
            facts=facts or {},
            drill=drill,
        )
        for i in range(count)
    ]


def test_a_burst_is_opened_set_wise(company, at):
    open_incidents(signals(1, at), at=at)  # fills the caches

    def cost(count):
        rows = signals(count, at)
        with CaptureQueriesContext(connection) as seen:
            open_incidents(rows, at=at)
        return len(seen)

    # SQLite cuts its long updates into a few pieces; nothing is asked once an incident.
    assert cost(40) < cost(4) + 10


def test_taking_readings_in_touches_no_incident(company, at):
    rows = [
        {"kpi": "cpc", "at": (at - timedelta(hours=h)).isoformat(), "value": 9.0} for h in range(9)
    ]
    with CaptureQueriesContext(connection) as seen:
        take_in(rows, by=company["integrator"], at=at)
    assert not [q["sql"] for q in seen if "escalations_incident" in q["sql"]]


def test_facts_are_appended_with_both_times_and_the_newest_event_counts(company, at):
    incident = receive_signal(
        SignalMessage("s", "k", True, "t", at, facts={"users_pct": 5}), by=None, at=at
    ).incident
    late = at + timedelta(hours=1)
    add_facts(incident, {"users_pct": 20}, source="a", at=late, received_at=late)
    add_facts(
        incident,
        {"users_pct": 9},
        source="b",
        at=at + timedelta(minutes=1),
        received_at=late + timedelta(minutes=1),
    )
    assert [f.value for f in Fact.objects.filter(name="users_pct")] == [5, 20, 9]
    assert current_facts(incident)["users_pct"].value == 20


def test_thresholds_hours_rosters_and_policies_are_versions(company):
    from accounts.models import RosterVersion, ServiceHoursVersion
    from escalations.models import PolicyVersion

    for model in (Threshold, ServiceHoursVersion, RosterVersion, PolicyVersion):
        names = {field.name for field in model._meta.fields}
        assert {"number", "effective_from"} <= names
        assert model.objects.exists()


def test_a_drill_runs_at_its_own_time_and_reaches_nobody(company, at):
    drill = Drill.objects.create(name="Fire", started_at=at, clock_at=at)
    open_incidents(signals(1, at, CRITICAL, drill), at=at)
    open_incidents(signals(1, at, CRITICAL), at=at)
    rehearsed = Incident.objects.of_drill(drill).get()
    real = Incident.objects.real().get()
    assert set(Notice.objects.filter(incident=rehearsed).values_list("channel", flat=True)) == {
        "drill"
    }
    sweep(at + timedelta(minutes=5, seconds=1), drill)
    assert LadderRun.objects.get(incident=rehearsed).level == 2
    assert LadderRun.objects.get(incident=real).level == 1
    sweep(at + timedelta(minutes=5, seconds=1))
    assert LadderRun.objects.get(incident=real).level == 2
    assert Clock.objects.real().filter(incident=rehearsed).count() == 0


def test_every_verb_has_its_move_its_effect_and_its_fields():
    assert set(MOVES) == set(EFFECTS) == set(FIELDS) == set(Verb)


@pytest.mark.parametrize("who", ["outsider"])
def test_who_may_see_nothing_sees_nothing(company, at, who):
    receive_signal(SignalMessage("s", "k", True, "t", at), by=None, at=at)
    assert not Incident.objects.visible_to(company[who]).exists()
    assert Incident.objects.visible_to(company["agent"]).count() == 1


def test_incidents_of_a_private_team_are_for_its_members_and_overseers(company, at):
    from accounts.models import Team

    Team.objects.filter(code="frontline").update(is_private=True)
    receive_signal(SignalMessage("s", "k", True, "t", at), by=None, at=at)
    seen = {
        name for name, person in company.items() if Incident.objects.visible_to(person).exists()
    }
    assert {"agent", "agent2", "senior", "duty", "integrator"} <= seen
    assert not {"outsider", "kpi-owner", "steward"} & seen


def test_a_row_that_cannot_be_settled_blocks_nobody(company, at):
    good = receive_signal(
        SignalMessage("s", "good", True, "t", at, facts=CRITICAL), by=None, at=at
    ).incident
    bad = receive_signal(
        SignalMessage("s", "bad", True, "t", at, facts=CRITICAL), by=None, at=at
    ).incident
    LadderRun.objects.filter(incident=bad).update(ladder="gone")
    later = at + timedelta(minutes=5, seconds=1)
    sweep(later)
    assert LadderRun.objects.get(incident=good).level == 2
    parked = LadderRun.objects.get(incident=bad)
    assert parked.next_step_at > later + timedelta(minutes=50)
    assert "gone" in parked.parked_error
