"""The plan of a run, and what its processes do."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from django.db import Error, connection, transaction

from accounts.models import Account, User
from accounts.services.roles import sync_roles
from config.lib import queue
from config.lib.clock import now
from escalations.demo.company import tell_company
from escalations.models import Incident, Notice, PolicyVersion
from escalations.models.notices import PENDING
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from escalations.services.notices import deliver_due
from escalations.services.signals import SignalMessage, receive_signal
from escalations.tasks import schedule
from tests.bench import crowd

Began = dict[int, datetime]
WARNED_S, CLIMBS_S = 150, 300


def plan(size: int, pace: float) -> Began:
    """Incidents of which the first half is warned and the second climbs, one after the other at
    this pace from some seconds on. What is due before has happened when this returns."""
    with queue.gathered():
        at = now().replace(microsecond=0)
        sync_roles()
        tell_company(at)
        # As many pages as fall due: how they are bundled is another matter.
        PolicyVersion.objects.update(
            pages_per_minute=30_000, pages_per_quarter=30_000, pages_per_hour=30_000
        )
        message = SignalMessage(
            source="killing",
            dedup_key="one",
            is_firing=True,
            title="Checkout fails",
            received_at=at,
            account=Account.objects.get(external_id="northwind"),
            facts={"core_down_no_workaround": True, "users_pct": 35, "arr_at_risk": 420_000},
        )
        one = receive_signal(message, by=None, at=at).incident
        assert one is not None and one.severity == 1
    first = (now() - at).total_seconds() + 4 + size / 300
    for place, before in enumerate((WARNED_S, CLIMBS_S)):
        start, end = 1 + place * size, 1 + (place + 1) * size
        shift = f"{first - before:.0f} + (n - {start}) * {1 / pace:.3f}"
        crowd.copy(one, start, end, shift)
    rows = Incident.objects.filter(source="killing").exclude(pk=one.pk)
    with queue.gathered():
        while schedule.sweep(now()):
            pass
    return dict(rows.values_list("pk", "opened_at"))


# --- the processes --------------------------------------------------------------------------------
def run_clock(began: Began, is_broken: bool) -> None:
    if is_broken:
        break_it()
    schedule.run_clock()


def send(began: Began, is_broken: bool) -> None:
    _for_ever(lambda: sum(deliver_due(now())), 0.02)


def write(began: Began, is_broken: bool) -> None:
    """A person who takes the locks of incidents while they escalate."""
    draw, numbers = random.Random(), list(began)

    def note() -> int:
        by = User.objects.get(username="agent")
        perform(draw.choice(numbers), Verb.NOTE, {"text": "still looking"}, by=by, at=now())
        return 0

    _for_ever(note, 0.01)


def _for_ever(act: Callable[[], int], pause: float) -> None:
    while True:
        try:
            if not act():
                time.sleep(pause)
        except Error:
            connection.close()
            time.sleep(0.2)


JOBS: dict[str, Callable[[Began, bool], None]] = {
    "clock 1": run_clock,
    "clock 2": run_clock,
    "sender 1": send,
    "sender 2": send,
    "writer": write,
}


def break_it() -> None:
    """The mistake that a run must find: what is due is marked as done before it is written."""

    def settle_each(timer: schedule.Timer, at: datetime, drill: object, limit: int) -> int:
        rows = timer.model._default_manager.filter(**{f"{timer.field}__lte": at})
        keys = list(rows.values_list("pk", flat=True)[:limit])
        taken = timer.model._default_manager.filter(pk__in=keys)
        taken.update(**{timer.field: None})
        for key in keys:
            taken.filter(pk=key).update(**{timer.field: at})
            with transaction.atomic():
                timer.settle(key, at)
        return len(keys)

    rows = tuple(replace(timer, settle_many=None) for timer in schedule.TIMERS)
    schedule.TIMERS = rows  # type: ignore[assignment]
    schedule._settle_each = settle_each


# --- the end --------------------------------------------------------------------------------------
def expire_leases() -> None:
    """As if the minute had passed that a killed sender's messages wait for another sender. No
    sender is alive now."""
    Notice.objects.filter(leased_until__isnull=False).update(leased_until=None)
    Notice.objects.filter(PENDING).update(not_before=now())


def quiet_at() -> datetime | None:
    """The instant at which nothing is due and nothing waits to be sent, if that is now."""
    try:
        at = now()
        due = schedule.next_due()
        unsent = Notice.objects.filter(PENDING, not_before__lte=at)
        return None if unsent.exists() or (due is not None and due <= at) else at
    except Error:
        connection.close()
        return None


def answers(within_s: float) -> None:
    """Wait until the database answers again. Raises what it says if it does not."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            now()
            return
        except Error:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
