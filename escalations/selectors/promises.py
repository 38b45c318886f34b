"""What the queue repeats of the clocks of many incidents, summed up by the database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from config.lib.statements import ask, marks, moment, words
from escalations.models.clocks import ClockKindChoice, Outcome, RunState

FIELDS = ("has_missed", "is_paused", "next_due_at", "next_late_at", "next_warn_at")
SUMS = f"""
    SELECT incident_id,
        COUNT(CASE WHEN outcome = '{Outcome.MISSED.value}'
            AND kind <> '{ClockKindChoice.CADENCE.value}' THEN 1 END),
        COUNT(CASE WHEN run_state = '{RunState.PAUSED.value}' THEN 1 END),
        MIN(CASE WHEN run_state = '{RunState.RUNNING.value}' THEN due_at END),
        MIN(CASE WHEN run_state = '{RunState.RUNNING.value}'
            THEN COALESCE(breach_after, due_at) END),
        MIN(CASE WHEN run_state = '{RunState.RUNNING.value}' THEN warn_at END)
    FROM escalations_clock
    WHERE run_state IN {words((RunState.RUNNING, RunState.PAUSED))}
        AND kind <> '{ClockKindChoice.OLA.value}' AND incident_id IN {{}}
    GROUP BY incident_id
"""  # noqa: S608 (no user's text)


def promises_of(incidents: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The fields of each incident as `services.clocks.refresh_queue_fields` sets them for one."""
    numbers = list(incidents)
    found: dict[int, dict[str, bool | datetime | None]] = {
        number: dict(zip(FIELDS, (False, False, None, None, None), strict=True))
        for number in numbers
    }
    if not numbers:
        return found
    for number, missed, paused, *instants in ask(SUMS.format(marks(numbers)), numbers):
        values = (bool(missed), bool(paused), *map(moment, instants))
        found[number] = dict(zip(FIELDS, values, strict=True))
    return found
