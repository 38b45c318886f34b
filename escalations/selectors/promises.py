"""What the queue repeats of the clocks of many incidents, summed up by the database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q
from django.db.models.functions import Coalesce

from escalations.models import Clock
from escalations.models.clocks import ClockKindChoice, Outcome, RunState

FIELDS = ("has_missed", "is_paused", "next_due_at", "next_late_at", "next_warn_at")
LIVE = Q(run_state__in=(RunState.RUNNING, RunState.PAUSED))
RUNNING = Q(run_state=RunState.RUNNING)
MISSED = Q(outcome=Outcome.MISSED) & ~Q(kind=ClockKindChoice.CADENCE)


def promises_of(incidents: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The fields of each incident as `services.clocks.refresh_queue_fields` sets them for one."""
    numbers = list(incidents)
    found: dict[int, dict[str, bool | datetime | None]] = {
        number: dict(zip(FIELDS, (False, False, None, None, None), strict=True))
        for number in numbers
    }
    rows = Clock.objects.filter(LIVE, incident__in=numbers).exclude(kind=ClockKindChoice.OLA)
    sums = rows.values("incident_id").annotate(
        missed=Count("pk", filter=MISSED),
        paused=Count("pk", filter=~RUNNING),
        due=Min("due_at", filter=RUNNING),
        late=Min(Coalesce("breach_after", "due_at"), filter=RUNNING),
        warn=Min("warn_at", filter=RUNNING),
    )
    for number, missed, paused, *instants in sums.values_list(
        "incident_id", "missed", "paused", "due", "late", "warn"
    ):
        values = (bool(missed), bool(paused), *instants)
        found[number] = dict(zip(FIELDS, values, strict=True))
    return found
