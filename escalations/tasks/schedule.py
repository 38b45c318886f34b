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
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import Error, close_old_connections, connection, transaction
from django.db.models import Model, Q

from accounts.models import ServiceHoursVersion
from config.lib.clock import now
from config.lib.queue import enqueue
from escalations.models import (
    ActionItem,
    Clock,
    Drill,
    Handoff,
    Heartbeat,
    Incident,
    KpiState,
    LadderRun,
    MaintenanceWindow,
    Notice,
    PostIncidentReview,
    Storm,
)
from escalations.services import timers
from escalations.services.handoff_timers import settle_handoff
from escalations.services.hours import settle_hours
from escalations.services.maintenance import settle_window
from escalations.services.no_data import settle_no_data_of
from escalations.services.playbooks import settle_time_box
from escalations.services.recorder import DELIVER
from escalations.services.review_timers import settle_action, settle_review
from escalations.services.storms import settle_storm
from escalations.services.thresholds import check_thresholds
from playbooks.models import StepRun

log = logging.getLogger("belay.clock")
PARK_FOR = timedelta(hours=1)
LONGEST_SLEEP = 0.2  # seconds
BATCH = 500
UNSENT_AFTER = timedelta(seconds=1)
BEAT_EVERY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Timer:
    """`field` is the due time; `settle(pk, at)` does one row inside a transaction.

    `drill` is the path to the drill that owns a row; an app below knows no drill of its own.
    """

    name: str
    model: type[Model]
    field: str
    settle: Callable[[int, datetime], bool]
    has_drills: bool = True
    drill: str = "drill"


TIMERS = (
    # First, so that what is due at the same instant is judged by the new hours.
    Timer("hours", ServiceHoursVersion, "adopt_at", settle_hours, has_drills=False),
    Timer("clocks", Clock, "next_wake_at", timers.settle_clock),
    Timer("hand-overs", LadderRun, "look_at", timers.settle_look),
    Timer("ladders", LadderRun, "next_step_at", timers.settle_ladder),
    Timer("storms", Storm, "look_at", settle_storm),
    Timer("closing", Incident, "close_due_at", timers.settle_close),
    Timer(
        "time boxes",
        StepRun,
        "alarm_at",
        settle_time_box,
        drill="run__incident_playbook__incident__drill",
    ),
    Timer("hand-offs", Handoff, "expires_at", settle_handoff),
    Timer("reviews", PostIncidentReview, "remind_at", settle_review),
    Timer("actions", ActionItem, "remind_at", settle_action),
    Timer("maintenance", MaintenanceWindow, "settle_at", settle_window, has_drills=False),
    Timer("no data", KpiState, "no_data_due_at", settle_no_data_of, has_drills=False),
)


def _due(timer: Timer, at: datetime, drill: Drill | None):
    rows = timer.model._default_manager.filter(**{f"{timer.field}__lte": at})
    if timer.has_drills:
        rows = rows.filter(**{timer.drill: drill})
    return rows.order_by(timer.field, "pk")


def next_due() -> datetime | None:
    """The earliest due time of all kinds: one index look-up each, outside any transaction."""
    times = []
    for timer in TIMERS:
        rows = timer.model._default_manager.filter(**{f"{timer.field}__isnull": False})
        if timer.has_drills:
            rows = rows.filter(**{timer.drill: None})
        first = rows.order_by(timer.field).values_list(timer.field, flat=True).first()
        if first is not None:
            times.append(first)
    return min(times, default=None)


def sweep(at: datetime, drill: Drill | None = None, limit: int = BATCH) -> int:
    """Settle what is due at `at`, oldest first; returns the number of rows settled.

    Runs once for real time and once per running drill at the drill's own time.
    """
    done = 0
    for timer in TIMERS:
        if drill is not None and not timer.has_drills:
            continue
        for pk in list(_due(timer, at, drill).values_list("pk", flat=True)[:limit]):
            done += _settle(timer, pk, at)
    return done


def _settle(timer: Timer, pk: int, at: datetime) -> int:
    try:
        with transaction.atomic():
            return int(timer.settle(pk, at))
    except Error:
        raise  # the database is in trouble, not this row
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
    done = 0
    if KpiState.objects.filter(dirty_from__isnull=False).exists():
        at = now()
        waiting = KpiState.objects.filter(
            Q(parked_until=None) | Q(parked_until__lte=at), dirty_from__isnull=False
        )
        if waiting.exists():
            done += check_thresholds(at)
    due = next_due()
    if due is not None and (at := now()) >= due:
        done += sweep(at)
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
    while not stop.is_set():
        try:
            at = now()
            if beaten is None or at - beaten >= BEAT_EVERY:
                _beat(name, at)
                beaten = at
            if tick():
                continue
            _wake_sender(now())
            due = next_due()
            wait = LONGEST_SLEEP
            if due is not None:
                wait = min(wait, max(0.0, (due - now()).total_seconds()))
            stop.wait(wait)
        except Error:
            log.exception("the database does not answer; trying again")
            connection.close()
            close_old_connections()
            stop.wait(1.0)


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
