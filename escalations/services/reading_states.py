"""The states that a batch of readings touches: locked, made where new, and marked with what is to
be judged and until when the next reading is expected.

Written out and without objects of models: a batch touches a hundred of them, and that cost more
than its readings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from django.db import connection

from config.lib.bulk import naive
from config.lib.statements import among, ask, bare, keys, moment
from escalations.models import KpiState
from escalations.selectors.kpis import silence_allowed, version_at, versions_of
from escalations.selectors.readings import suspect_since

CHUNK = 1000
Key = tuple[int, str]  # a KPI and a segment


class MeasuredKpi(NamedTuple):
    pk: int
    code: str
    unit: str
    grain_s: int
    is_active: bool


@dataclass(slots=True)
class State:
    """A locked row, as it will be."""

    pk: int
    kpi_id: int
    segment: str
    last_value: float | None
    dirty_from: datetime | None
    suspect_at: datetime | None
    last_at: datetime | None
    no_data_due_at: datetime | None


@dataclass(slots=True)
class Touched:
    """What a batch does to one KPI's segment."""

    dirty_from: datetime | None = None
    last: tuple[datetime, float] | None = None
    doubted_from: datetime | None = None
    is_corrected: bool = False

    def doubt(self, at: datetime) -> None:
        if self.doubted_from is None or at < self.doubted_from:
            self.doubted_from = at

    def judge(self, at: datetime, value: float) -> None:
        if self.dirty_from is None or at < self.dirty_from:
            self.dirty_from = at
        if self.last is None or at >= self.last[0]:
            self.last = (at, value)


def measured(codes: Iterable[str]) -> dict[str, MeasuredKpi]:
    """The KPIs of these codes. One query."""
    columns = "id, code, unit, grain_s, is_active"
    text = f"SELECT {columns} FROM escalations_kpi WHERE {among('code', 'text')}"  # noqa: S608
    return {row[1]: MeasuredKpi(*row) for row in ask(text, [keys(codes)])}


def lock_states(wanted: set[Key]) -> dict[Key, State]:
    """The rows of these KPIs and segments, made where new, locked in sorted order."""
    found: dict[Key, State] = {}
    rest = iter(sorted(wanted))
    while chunk := list(islice(rest, CHUNK)):
        found |= _locked(chunk)
        if missing := [key for key in chunk if key not in found]:
            KpiState.objects.bulk_create(
                [KpiState(kpi_id=kpi, segment=segment) for kpi, segment in missing],
                ignore_conflicts=True,  # another sender may be first
            )
            found |= _locked(chunk)
    return {key: state for key, state in found.items() if key in wanted}


def _locked(chunk: list[Key]) -> dict[Key, State]:
    times = ", ".join(map(bare, ("dirty_from", "suspect_at", "last_at", "no_data_due_at")))
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    text = (
        f"SELECT id, kpi_id, segment, last_value, {times} FROM escalations_kpistate "  # noqa: S608
        f"WHERE {among('kpi_id')} AND {among('segment', 'text')} ORDER BY kpi_id, segment{lock}"
    )
    asked = [keys({kpi for kpi, _ in chunk}), keys({segment for _, segment in chunk})]
    return {(row[1], row[2]): State(*row[:4], *map(moment, row[4:])) for row in ask(text, asked)}


def mark(
    states: Mapping[Key, State],
    touched: Mapping[Key, Touched],
    kpis: Mapping[int, MeasuredKpi],
    at: datetime,
) -> bool:
    """Say what is to be judged from when, and until when the next reading is expected."""
    if not touched:
        return False
    versions = versions_of({kpi for kpi, _ in touched})
    allowed_for = {
        kpi: silence_allowed(kpis[kpi].grain_s, version_at(known, at))
        for kpi, known in versions.items()
    }
    for key, news in touched.items():
        state, allowed = states[key], allowed_for.get(key[0], timedelta(0))
        newest = max(t for t in (state.last_at, news.last and news.last[0], news.doubted_from) if t)
        _mark_suspect(state, key, news, live_since=newest - allowed)
        doubted_from = news.doubted_from if state.suspect_at is not None else None
        dirty = (state.dirty_from, news.dirty_from, doubted_from)
        state.dirty_from = min((t for t in dirty if t is not None), default=None)
        if news.last is None:
            continue
        last_at, last_value = news.last
        if state.last_at is not None and last_at < state.last_at:
            continue
        state.last_at, state.last_value = last_at, last_value
        # A backfill is no promise of fresh data: it must not start a timer of its own.
        if key[0] in versions and last_at + allowed > at and kpis[key[0]].is_active:
            state.no_data_due_at = last_at + allowed
    _save([states[key] for key in sorted(touched)])
    return True


def _mark_suspect(state: State, key: Key, news: Touched, *, live_since: datetime) -> None:
    """Since when a state is in doubt. A correction takes a doubt away, or leaves a later one.

    Only a point near the newest one freezes: two values for an hour far back are kept as suspect
    and judged by the first, they do not stop the judgement of what came since.
    """
    known = state.suspect_at
    if news.doubted_from is None and (known is None or not news.is_corrected):
        return
    since = min(t for t in (known, news.doubted_from) if t is not None)
    if known is None:
        since = max(since, live_since)
    state.suspect_at = suspect_since([key], since=since).get(key)


_SETS = ("dirty_from", "suspect_at", "last_at", "no_data_due_at", "last_value")


def _save(states: list[State]) -> None:
    """One statement for all. New data: what was parked is tried again at once."""
    columns: list[list[Any]] = [[getattr(row, name) for row in states] for name in _SETS]
    ids = [row.pk for row in states]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sets = ", ".join(f"{name} = v.{name}" for name in _SETS)
            cursor.execute(
                f"UPDATE escalations_kpistate s SET {sets}, parked_until = NULL "  # noqa: S608
                "FROM unnest(%s::timestamptz[], %s::timestamptz[], %s::timestamptz[], "
                f"%s::timestamptz[], %s::float8[], %s::bigint[]) AS v({', '.join(_SETS)}, id) "
                "WHERE s.id = v.id AND s.id = ANY(%s::bigint[])",
                [*columns, ids, ids],
            )
        else:
            sets = ", ".join(f"{name} = %s" for name in _SETS)
            times = [[t and naive(t) for t in column] for column in columns[:-1]]
            cursor.executemany(
                f"UPDATE escalations_kpistate SET {sets}, parked_until = NULL WHERE id = %s",  # noqa: S608
                list(zip(*times, columns[-1], ids, strict=True)),
            )
