"""The table of timers, the sweep over it, and the loop of the clock process.

Every timer is a row with a due time under a partial index. A sweep may run late, twice, or in
several processes at once: each row is claimed under its lock and looked at again there.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import (
    Error,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)
from django.db.models import BigIntegerField, Model, OuterRef, Q, Subquery

from accounts.models import ServiceHoursVersion, ValueRubricVersion
from accounts.services.value_rubrics import value_anew
from config.lib.clock import now
from config.lib.queue import enqueue
from escalations.models import (
    ActionItem,
    AutomationPause,
    ChangeRequest,
    Clock,
    ClockRepair,
    CustomerLetter,
    Decision,
    Drill,
    Handoff,
    Heartbeat,
    Incident,
    KpiState,
    LadderRun,
    MaintenanceWindow,
    Milestone,
    Notice,
    PolicyException,
    PostIncidentReview,
    Storm,
)
from escalations.services import timers
from escalations.services.automation import settle_pause
from escalations.services.batches import Batch
from escalations.services.change_effects import settle_change
from escalations.services.chases import settle_chase
from escalations.services.clock_batches import settle_clocks
from escalations.services.decisions import settle_decision
from escalations.services.exceptions import settle_exception
from escalations.services.handoff_timers import settle_handoff
from escalations.services.hours import settle_hours
from escalations.services.ladder_batches import settle_ladders, settle_looks
from escalations.services.letters import settle_letter
from escalations.services.maintenance import settle_window
from escalations.services.milestones import settle_milestone
from escalations.services.no_data import settle_no_data_of
from escalations.services.playbooks import settle_time_box
from escalations.services.recorder import DELIVER
from escalations.services.repairs import settle_repair
from escalations.services.review_timers import settle_action, settle_review
from escalations.services.storms import settle_storm
from escalations.services.thresholds import check_thresholds
from escalations.tasks.glance import Question, earliest
from playbooks.models import StepRun

log = logging.getLogger("belay.clock")
PARK_FOR = timedelta(hours=1)
LONGEST_SLEEP = 0.2  # seconds
BATCH = 500
UNSENT_AFTER = timedelta(seconds=1)
AUDIT_EVERY = timedelta(seconds=30)
BEAT_EVERY = timedelta(seconds=5)
SHORTEST_SLEEP = 0.005  # seconds, where another process holds what is due
# The database is in trouble, not a row: nothing is parked.
TROUBLE = (OperationalError, InterfaceError)


@dataclass(frozen=True, slots=True)
class Timer:
    """`field` is the due time; `settle(pk, at)` does one row inside a transaction, `settle_many`
    a crowd of them in one transaction of its own.

    `drill` is the path to the drill that owns a row; an app below knows no drill of its own.
    """

    name: str
    model: type[Model]
    field: str
    settle: Callable[[int, datetime], bool]
    settle_many: Callable[[datetime, Drill | None, int], Batch] | None = None
    has_drills: bool = True
    drill: str = "drill"


TIMERS = (
    # First, so that what is due at the same instant is not kept any more, and is judged by the
    # new hours.
    Timer("pauses", AutomationPause, "settle_at", settle_pause, has_drills=False),
    Timer("hours", ServiceHoursVersion, "adopt_at", settle_hours, has_drills=False),
    Timer("changes", ChangeRequest, "settle_at", settle_change, has_drills=False),
    Timer("account value", ValueRubricVersion, "revalue_at", value_anew, has_drills=False),
    Timer("repairs", ClockRepair, "settle_at", settle_repair, has_drills=False),
    Timer("clocks", Clock, "next_wake_at", timers.settle_clock, settle_clocks),
    Timer("hand-overs", LadderRun, "look_at", timers.settle_look, settle_looks),
    Timer("ladders", LadderRun, "next_step_at", timers.settle_ladder, settle_ladders),
    Timer("storms", Storm, "look_at", settle_storm),
    Timer("chases", Clock, "chase_at", settle_chase),
    Timer("letters", CustomerLetter, "try_at", settle_letter),
    Timer("closing", Incident, "close_due_at", timers.settle_close),
    Timer(
        "time boxes",
        StepRun,
        "alarm_at",
        settle_time_box,
        drill="run__incident_playbook__incident__drill",
    ),
    Timer("hand-offs", Handoff, "expires_at", settle_handoff),
    Timer("decisions", Decision, "expire_due_at", settle_decision, drill="incident__drill"),
    Timer("milestones", Milestone, "remind_at", settle_milestone, drill="incident__drill"),
    Timer("reviews", PostIncidentReview, "remind_at", settle_review),
    Timer("actions", ActionItem, "remind_at", settle_action),
    Timer("exceptions", PolicyException, "settle_at", settle_exception, has_drills=False),
    Timer("maintenance", MaintenanceWindow, "settle_at", settle_window, has_drills=False),
    Timer("no data", KpiState, "no_data_due_at", settle_no_data_of, has_drills=False),
)


def _due(timer: Timer, at: datetime, drill: Drill | None):
    rows = _rows(timer, drill).filter(**{f"{timer.field}__lte": at})
    return rows.order_by(timer.field, "pk")


def _rows(timer: Timer, drill: Drill | None):
    rows = timer.model._default_manager.all()
    if not timer.has_drills:
        return rows
    if "__" not in timer.drill:
        return rows.filter(**{timer.drill: drill})
    # Not a join: a database that thinks these many and incidents few would walk all incidents.
    first, _, rest = timer.drill.partition("__")
    owner: Any = timer.model._meta.get_field(first).related_model
    own = owner.objects.filter(pk=OuterRef(first)).order_by().values(rest)
    of_drill = Subquery(own, output_field=BigIntegerField(null=True))
    return rows.alias(of_drill=of_drill).filter(of_drill=drill and drill.pk)


def _question(timer: Timer) -> Question:
    return Question(_rows(timer, None), timer.field)


DIRTY, PARKED, DRILLS = "dirty KPIs", "parked KPIs", "drills"
_dirty = KpiState.objects.filter(dirty_from__isnull=False)
QUESTIONS = {
    DIRTY: Question(_dirty.filter(parked_until=None), "dirty_from"),
    PARKED: Question(_dirty, "parked_until"),
    DRILLS: Question(Drill.objects.filter(ended_at=None), "started_at"),
    **{timer.name: _question(timer) for timer in TIMERS},
}


def next_due() -> datetime | None:
    """The earliest due time of all kinds, outside any transaction."""
    found = earliest(QUESTIONS)
    return min((found[t.name] for t in TIMERS if t.name in found), default=None)


def sweep(
    at: datetime,
    drill: Drill | None = None,
    limit: int = BATCH,
    kinds: Sequence[Timer] | None = None,
) -> int:
    """Settle what is due at `at`, oldest first; returns the number of rows settled. `kinds`: those
    that a glance found due.

    Runs once for real time and once per running drill at the drill's own time.
    """
    if drill is not None:
        own = (timer for timer in TIMERS if timer.has_drills)
        return sum(_settle_due(timer, at, drill, limit) for timer in own)
    if kinds is not None:
        return sum(_settle_due(timer, at, None, limit) for timer in kinds)
    done, due = 0, earliest(QUESTIONS)
    for timer in TIMERS:
        if timer.name in due and due[timer.name] <= at:
            settled = _settle_due(timer, at, None, limit)
            # What was settled may have made something due of a kind that comes after it.
            due = earliest(QUESTIONS) if settled else due
            done += settled
    return done


def _settle_due(timer: Timer, at: datetime, drill: Drill | None, limit: int) -> int:
    if timer.settle_many is not None:
        return _settle_many(timer, at, drill, limit)
    return _settle_each(timer, at, drill, limit)


def _settle_many(timer: Timer, at: datetime, drill: Drill | None, limit: int) -> int:
    """All in one transaction, but for what only the verb of one row does. Where a row raises, it
    took nothing along: each is then settled by itself, and that one is parked."""
    assert timer.settle_many is not None
    try:
        batch = timer.settle_many(at, drill, limit)
    except TROUBLE:
        raise
    except Exception:
        log.exception("a batch of %s failed; trying them one by one", timer.name)
        return _settle_each(timer, at, drill, limit)
    return batch.done + sum(_settle(timer, pk, at) for pk in batch.rest)


def _settle_each(timer: Timer, at: datetime, drill: Drill | None, limit: int) -> int:
    keys = list(_due(timer, at, drill).values_list("pk", flat=True)[:limit])
    return sum(_settle(timer, pk, at) for pk in keys)


def _settle(timer: Timer, pk: int, at: datetime) -> int:
    try:
        with transaction.atomic():
            done = int(timer.settle(pk, at))
            timers.unpark(timer.model, pk)
            return done
    except TROUBLE:
        raise
    except Exception as error:
        log.exception("%s %s could not be settled; parked for an hour", timer.name, pk)
        sentence = f"{type(error).__name__}: {error}"
        timers.park(timer.model, pk, timer.field, at + PARK_FOR, sentence)
        return 0


def sweep_all() -> int:
    """The safety net that django-q2 runs every minute; the clock process does the same faster."""
    done = 0
    while settled := tick():
        done += settled
    return done


def tick() -> int:
    """One look at everything: dirty KPIs, due timers, drills. 0 when nothing was due."""
    return _act(now(), earliest(QUESTIONS))


def _act(at: datetime, due: dict[str, datetime]) -> int:
    """Do what one glance found due at `at`."""
    done = 0
    if DIRTY in due or (PARKED in due and due[PARKED] <= at):
        done += check_thresholds(at)
    if kinds := [timer for timer in TIMERS if timer.name in due and due[timer.name] <= at]:
        done += sweep(at, kinds=kinds)
    if DRILLS in due:
        for drill in Drill.objects.filter(ended_at=None):
            done += sweep(drill.clock_at, drill)
    return done


def run_clock(*, stop: threading.Event | None = None) -> None:
    """The clock process: look, settle, sleep at most 0.2 s or until the next due time."""
    stop = stop or threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    name = f"clock:{socket.gethostname()}:{os.getpid()}"
    beaten: datetime | None = None
    audited: datetime | None = None
    while not stop.is_set():
        try:
            at = now()
            audited = audited or at  # first settle what fell due while nobody looked
            if beaten is None or at - beaten >= BEAT_EVERY:
                _beat(name, at)
                beaten = at
            if abs(at - audited) >= AUDIT_EVERY:
                enqueue("escalations.tasks.audit.look")
                audited = at
            due = earliest(QUESTIONS)
            if _act(at, due):
                continue
            _wake_sender(at)
            stop.wait(_pause(at, due))
        except Error:
            log.exception("the database does not answer; trying again")
            connection.close()
            close_old_connections()
            stop.wait(1.0)


def _pause(at: datetime, due: dict[str, datetime]) -> float:
    """Seconds until the earliest timer that was not due yet, within bounds."""
    next_at = min((due[timer.name] for timer in TIMERS if timer.name in due), default=None)
    if next_at is None:
        return LONGEST_SLEEP
    return min(LONGEST_SLEEP, max(SHORTEST_SLEEP, (next_at - at).total_seconds()))


def _beat(name: str, at: datetime) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"kind": "clock", "beat_at": at})
    Heartbeat.objects.filter(beat_at__lt=at - timedelta(hours=1)).delete()
    enqueue("escalations.tasks.heartbeat.beat_cluster")


_woken: datetime | None = None


def _wake_sender(at: datetime) -> None:
    """A commit enqueues its delivery; when that job was lost, the poll here asks again."""
    global _woken
    if _woken is not None and at - _woken < UNSENT_AFTER:
        return
    _woken = at
    unsent = Notice.objects.pending().filter(
        Q(leased_until=None) | Q(leased_until__lte=at), not_before__lte=at - UNSENT_AFTER
    )
    if unsent.exists():
        enqueue(DELIVER)
