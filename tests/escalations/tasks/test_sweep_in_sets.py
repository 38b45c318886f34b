"""What is settled in sets is exactly what settling row by row gives, and costs no more statements
for hundreds than for a few."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext

from escalations.models import (
    Clock,
    ClockEvent,
    ClockMark,
    Incident,
    LadderRun,
    LadderStep,
    Notice,
    TimelineEvent,
)
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from escalations.tasks import glance, schedule
from tests.factories.incidents import MAJOR, open_incident

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
S2_FACTS = {"users_pct": 35, "arr_at_risk": 150_000}


def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tuple(replace(timer, settle_many=None) for timer in schedule.TIMERS)
    monkeypatch.setattr(schedule, "TIMERS", rows)


def settle(at) -> None:
    while schedule.sweep(at):
        pass


@pytest.fixture
def crowd(company, at) -> list[Incident]:
    """Every way of waiting: unanswered, owned, silent, patient, paused, snoozed, late, closed."""
    found = [
        open_incident(at, "major", facts=MAJOR),
        open_incident(at, "owned", facts=MAJOR, account=None),
        open_incident(at, "large", facts=S2_FACTS, severity_hint="error"),
        open_incident(at, "small"),
        open_incident(at, "snoozed", facts=MAJOR, account=None),
        open_incident(at, "contained", facts=MAJOR, account=None),
    ]
    by = company["senior"]
    for incident in (found[1], found[4], found[5]):
        perform(incident.pk, Verb.CLAIM, {}, by=by, at=at + SECOND)
    until = at + 20 * MINUTE
    perform(found[4].pk, Verb.SNOOZE, {"until": until, "reason": "x"}, by=by, at=at + 2 * SECOND)
    pages = Notice.objects.filter(incident=found[0], kind="page")
    pages.update(failed_at=at + SECOND, sent_at=None)
    return found


MOMENTS = [
    *(MINUTE * n for n in (1, 2, 5, 6, 7, 10, 15, 16, 21, 30)),
    30 * MINUTE + SECOND,
    61 * MINUTE,
    timedelta(hours=2, seconds=1),
    timedelta(hours=9),
    timedelta(days=2),
]
TOLD = (Incident, Clock, ClockMark, LadderRun, LadderStep, TimelineEvent, Notice)
NAMES = {
    Clock: lambda row: (row.incident_id, row.kind, row.cycle),
    LadderRun: lambda row: (row.incident_id, row.number),
    LadderStep: lambda row: (row.run.incident_id, row.run.number, row.seq),
}


def everything() -> dict[str, list[str]]:
    """Every value of every row that a sweep writes; rows are named by what they are, not by key."""
    found = {}
    for model in (*TOLD, Incident.history.model):
        found[model.__name__] = sorted(str(_plain(row)) for row in model._default_manager.all())
    return found


def _plain(row: Any) -> list[tuple[str, Any]]:
    values = []
    for field in row._meta.concrete_fields:
        if field.primary_key and field.name != "number":
            continue
        value = getattr(row, field.attname)
        if isinstance(field, models.ForeignKey) and value is not None:
            name = NAMES.get(field.related_model)
            value = name(getattr(row, field.name)) if name else value
        values.append((field.name, value))
    return values


def lived(at, moments) -> dict[str, list[str]]:
    """The rows after these moments; the database is then as it was before."""
    with transaction.atomic():
        for moment in moments:
            settle(at + moment)
        found = everything()
        transaction.set_rollback(True)
    return found


# The last one is an outage: everything is late at once.
@pytest.mark.parametrize("moments", [MOMENTS, [timedelta(hours=9)]])
def test_rows_settled_together_are_those_settled_one_by_one(crowd, at, moments, monkeypatch):
    together = lived(at, moments)
    one_by_one(monkeypatch)
    apart = lived(at, moments)
    for name, rows in apart.items():
        assert together[name] == rows, name
    assert len(apart["ClockMark"]) > 20
    assert len(apart["LadderStep"]) > 15


def test_many_due_rows_cost_the_statements_of_a_few(company, at):
    def statements(count: int) -> int:
        with transaction.atomic():
            for number in range(count):
                open_incident(at, str(number), facts=S2_FACTS, account=None)
            schedule.sweep(at + 16 * MINUTE)  # builds what a process builds once
            with CaptureQueriesContext(connection) as asked:
                assert schedule.sweep(at + 31 * MINUTE) >= count
            transaction.set_rollback(True)
        return len(asked)

    assert statements(9) <= statements(2)  # ten make a storm, and page otherwise


def test_a_row_that_cannot_be_settled_is_parked_and_holds_up_nobody(crowd, at):
    bad = crowd[0].clocks.get(kind="response")
    ClockEvent.objects.create(
        clock=bad, seq=2, at=at, recorded_at=at, type="retarget", mode="odd", target_s=60
    )
    run = crowd[2].ladder_runs.get()
    LadderRun.objects.filter(pk=run.pk).update(ladder="gone")
    settle(at + 31 * MINUTE)
    bad.refresh_from_db()
    run.refresh_from_db()
    assert bad.parked_error.startswith("ValueError")
    assert bad.next_wake_at == at + 31 * MINUTE + schedule.PARK_FOR
    assert run.parked_error.startswith("KeyError")
    late = ClockMark.objects.filter(kind="breach")
    assert not late.filter(clock=bad).exists()
    assert late.filter(clock__incident=crowd[2], clock__kind="response").exists()


def test_a_tick_with_nothing_due_asks_once_however_many_kinds_there_are(
    crowd, at, travel, django_assert_num_queries
):
    settle(at + SECOND)
    schedule.tick()
    with django_assert_num_queries(1):
        assert schedule.tick() == 0


def test_what_is_due_of_each_kind_is_found(crowd, at):
    found = schedule.earliest(schedule.QUESTIONS)
    assert found["clocks"] == Clock.objects.aggregate(x=models.Min("next_wake_at"))["x"]
    assert found["ladders"] == LadderRun.objects.aggregate(x=models.Min("next_step_at"))["x"]
    assert found["hand-overs"] == LadderRun.objects.aggregate(x=models.Min("look_at"))["x"]


@pytest.mark.sqlite
def test_no_kind_is_found_by_walking_all_incidents(crowd):
    """Where it has counted the rows, SQLite would join from the incidents."""
    text, values = glance._statement(connection.vendor, tuple(schedule.QUESTIONS.values()))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute(f"EXPLAIN QUERY PLAN {text}", values)
        plan = [line[-1] for line in cursor.fetchall()]
    assert not [line for line in plan if "SCAN escalations_incident" in line]
