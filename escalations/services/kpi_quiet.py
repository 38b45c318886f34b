"""Settles the changed states to which nothing happened: within their limits, as before.

Nearly every reading is such a one. It takes three statements, no object of a model and no look at
single points, however many there are. All others are left to the machine (services.kpi_verdicts).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from config.lib.statements import ask, keys, moment
from escalations.models.kpis import Quality
from escalations.rules.thresholds import KpiStateName, Machine, Mode, stays_at_rest
from escalations.selectors.kpis import version_at, versions_of

REST = Machine()
OK = KpiStateName.OK.value
_CLAIM = f"""
SELECT id, kpi_id, state = '{OK}' AND held_state = '{OK}' AND suspect_at IS NULL
       AND NOT is_learning AND dirty_from > judged_to
       AND (since_at IS NULL OR dirty_from > since_at), machine
FROM escalations_kpistate
WHERE dirty_from IS NOT NULL AND (parked_until IS NULL OR parked_until <= %s)
  AND NOT (state = '{KpiStateName.SUSPECT.value}' AND suspect_at IS NOT NULL){{more}}
ORDER BY kpi_id, segment LIMIT %s{{lock}}
"""  # noqa: S608 (no user's text)
_POINTS = f"""
escalations_series t JOIN escalations_reading r ON r.series_id = t.id AND r.at >= s.dirty_from
    AND r.quality = '{Quality.VALID.value}'
"""
_SPAN = "min(r.at) AS first, max(r.at) AS last, min(r.value) AS lowest, max(r.value) AS highest"
_SAME = "t.kpi_id = s.kpi_id AND t.segment = s.segment"
# Left to itself PostgreSQL reads all series, and of each all readings.
_SPANS = {
    "postgresql": f"""SELECT s.id, p.* FROM escalations_kpistate s
        CROSS JOIN LATERAL (SELECT {_SPAN} FROM {_POINTS} WHERE {_SAME}) p
        WHERE s.id = ANY(%s::bigint[]) AND p.first IS NOT NULL""",  # noqa: S608
    "sqlite": f"""SELECT s.id, {_SPAN} FROM escalations_kpistate s JOIN {_POINTS} AND {_SAME}
        WHERE s.id IN (SELECT value FROM json_each(%s)) GROUP BY s.id""",  # noqa: S608
}


class Claimed(NamedTuple):
    """A changed state. `is_next`: it stood at ok without a doubt, and what is new is later than
    all that was judged."""

    pk: int
    kpi: int
    is_next: bool | None
    machine: str


def claim(at: datetime, limit: int, kpi: int | None = None) -> list[Claimed]:
    """States with points not yet judged, without those parked for later or frozen as suspect;
    they are this transaction's until it ends. What another holds is left out."""
    can_skip = connection.features.has_select_for_update_skip_locked
    text = _CLAIM.format(
        more="" if kpi is None else " AND kpi_id = %s",
        lock=" FOR UPDATE SKIP LOCKED" if can_skip else "",
    )
    return [Claimed(*row) for row in ask(text, [at, *([] if kpi is None else [kpi]), limit])]


def settle_quiet(claimed: Sequence[Claimed]) -> list[int]:
    """The ids of those that are left to judge."""
    resting = {row.pk: row.kpi for row in claimed if row.is_next and _read(row.machine) == REST}
    if not resting:
        return [row.pk for row in claimed]
    versions = versions_of(set(resting.values()))
    settled: list[tuple[int, Any]] = []
    for pk, first, last, lowest, highest in ask(_SPANS[connection.vendor], [keys(resting)]):
        known = versions.get(resting[pk])
        if known is None:
            continue  # said by whoever judges it
        begin, end = moment(first), moment(last)
        assert begin is not None and end is not None, "of one point at least"
        version = version_at(known, begin)
        if (
            version.mode == Mode.STATIC
            and version is version_at(known, end)
            and stays_at_rest(version.direction, version.warn_lo, version.warn_hi, lowest, highest)
        ):
            settled.append((pk, last))
    _move_on(settled)
    done = {pk for pk, _ in settled}
    return [row.pk for row in claimed if row.pk not in done]


@lru_cache(maxsize=512)
def _read(machine: str) -> Machine | None:
    stored = json.loads(machine)
    return Machine.from_json(stored) if stored else None


def _move_on(settled: Collection[tuple[int, Any]]) -> None:
    """All are judged up to their last point."""
    if not settled:
        return
    ids = [pk for pk, _ in settled]
    plain = "dirty_from = NULL, parked_until = NULL, parked_error = ''"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"UPDATE escalations_kpistate s SET judged_to = v.at, {plain} "  # noqa: S608
                "FROM unnest(%s::bigint[], %s::timestamptz[]) AS v(id, at) "
                "WHERE s.id = v.id AND s.id = ANY(%s::bigint[])",
                [ids, [last for _, last in settled], ids],
            )
        else:
            cursor.executemany(
                f"UPDATE escalations_kpistate SET judged_to = %s, {plain} WHERE id = %s",  # noqa: S608
                [(last, pk) for pk, last in settled],
            )
