"""Readings in: all rows of a batch or none, in a handful of queries whatever its size.

Storing never locks an incident: it writes readings and state rows, marks the states that have
something to judge, and asks for a check (MODEL 2.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import connection, transaction

from config.lib import queue
from config.lib.bulk import update_rows
from config.lib.errors import DomainError
from escalations.models import Kpi, KpiState, Reading, Series
from escalations.models.kpis import Quality
from escalations.rules.reading_rows import NewReading, RowError, parse_rows
from escalations.selectors.kpis import silence_allowed, version_at, versions_of
from escalations.selectors.readings import revisions_of, suspect_since

CHUNK = 1000
CHECK = "escalations.tasks.thresholds.check"
VALID = Quality.VALID.value


class Status(StrEnum):
    STORED = "stored"
    DUPLICATE = "duplicate"  # the same value again: dropped
    REVISED = "revised"  # a correction: a new revision, the old one kept
    SUSPECT = "suspect"  # another value and no correction: kept, and the state is frozen


@dataclass(slots=True)
class _Revision:
    number: int
    value: float
    quality: str
    pk: int | None = None


@dataclass(slots=True)
class _Touched:
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


@dataclass(slots=True)
class _Plan:
    statuses: list[Status] = field(default_factory=list)
    new: list[tuple[Any, ...]] = field(default_factory=list)
    replaced: list[int] = field(default_factory=list)
    touched: dict[tuple[int, str], _Touched] = field(default_factory=dict)


def take_in(rows: Sequence[Any], *, by: Any, at: datetime) -> list[Status]:
    """Store rows as decoded from JSON; the status of each. DomainError names every bad row."""
    readings, errors = parse_rows(rows, at=at)
    return store_readings(readings, by=by, at=at, errors=errors)


def store_readings(
    rows: Sequence[NewReading | None],
    *,
    by: Any,
    at: datetime,
    errors: Iterable[RowError] = (),
) -> list[Status]:
    """Store `rows`, all or nothing, and mark what is to be judged; the status of each row.

    A row that could not be parsed is None and stands in `errors`: the one DomainError
    (`invalid_readings`) names these and the rows of unknown KPIs together.
    """
    kpis = _kpis({row.kpi for row in rows if row is not None})
    found = list(errors)
    found += [
        {
            "row": place,
            "field": "kpi",
            "code": "unknown_kpi",
            "detail": f"There is no KPI {row.kpi!r}.",
        }
        for place, row in enumerate(rows)
        if row is not None and row.kpi not in kpis
    ]
    found += [
        {
            "row": place,
            "field": "unit",
            "code": "wrong_unit",
            "detail": f"KPI {row.kpi!r} is in {kpis[row.kpi].unit or 'no unit'!r}. "
            "Convert the value, or leave the unit out.",
        }
        for place, row in enumerate(rows)
        if row is not None and row.unit is not None and row.kpi in kpis
        if row.unit.strip() != kpis[row.kpi].unit.strip()
    ]
    if found:
        found.sort(key=lambda error: error["row"])
        raise DomainError(
            "invalid_readings",
            f"Nothing was stored: {len({error['row'] for error in found})} of {len(rows)} rows "
            "are wrong. Correct them and send all again.",
            errors=found,
        )
    good = [row for row in rows if row is not None]  # all of them: the bad ones are in `errors`
    if not good:
        return []
    with transaction.atomic():
        identities = {(kpis[r.kpi].pk, r.segment, r.channel, r.source) for r in good}
        # States first, in sorted order: two senders of the same KPIs queue up, and the values
        # read below cannot change under us.
        states = _lock_states({identity[:2] for identity in identities})
        series = _series(identities)
        plan = _plan(good, kpis, series, at)
        if plan.replaced:
            for ids in _chunks(plan.replaced):
                Reading.objects.filter(pk__in=ids).update(quality=Quality.REPLACED)
        _insert(plan.new, at)
        if _mark(states, plan.touched, {kpi.pk: kpi for kpi in kpis.values()}, at):
            queue.enqueue(CHECK)
    return plan.statuses


def _plan(
    rows: Sequence[NewReading], kpis: dict[str, Kpi], series: dict[tuple, int], at: datetime
) -> _Plan:
    ids = {code: kpi.pk for code, kpi in kpis.items()}
    keys = []
    for row in rows:
        kpi = ids[row.kpi]
        keys.append((series[kpi, row.segment, row.channel, row.source], row.at, kpi))
    known: dict[tuple[int, datetime], list[_Revision]] = {
        pair: [_Revision(s.revision, s.value, s.quality, s.id) for s in stored]
        for pair, stored in revisions_of({(place, when) for place, when, _ in keys}).items()
    }
    plan = _Plan()
    touched: dict[tuple[int, str], _Touched] = plan.touched
    # Revisions are stored as they stand at the end: a later row of the batch may replace one.
    fresh: list[tuple[_Revision, int, datetime, datetime | None]] = []
    for row, (place, when, kpi) in zip(rows, keys, strict=True):
        pair = (place, when)
        revisions = known.get(pair)
        if revisions is None:
            status, quality, number = Status.STORED, VALID, 1
            known[pair] = revisions = []
        else:
            status, judged = _judge(row, revisions)
            if judged is None:
                plan.statuses.append(status)
                continue
            quality, number = judged.value, revisions[-1].number + 1
        plan.statuses.append(status)
        if status is Status.REVISED:
            for old in revisions:
                if old.quality != Quality.REPLACED:
                    old.quality = Quality.REPLACED.value
                    if old.pk is not None:
                        plan.replaced.append(old.pk)
        revision = _Revision(number, row.value, quality)
        revisions.append(revision)
        fresh.append((revision, place, when, row.period_end))
        news = touched.get((kpi, row.segment))
        if news is None:
            news = touched[kpi, row.segment] = _Touched()
        if quality == VALID:
            news.judge(when, row.value)
            news.is_corrected |= status is Status.REVISED
        else:
            news.doubt(when)
    plan.new = [
        (place, when, revision.number, revision.value, revision.quality, period_end)
        for revision, place, when, period_end in fresh
    ]
    return plan


def _judge(row: NewReading, revisions: list[_Revision]) -> tuple[Status, Quality | None]:
    """The status of a row and the quality to store it with; None stores nothing."""
    if not revisions:
        return Status.STORED, Quality.VALID
    if row.is_correction:
        standing = [r for r in revisions if r.quality != Quality.REPLACED]
        if all(r.value == row.value and r.quality == Quality.VALID for r in standing):
            return Status.DUPLICATE, None
        return Status.REVISED, Quality.VALID
    # Also a value replaced since: a file imported twice stores nothing twice.
    if any(r.value == row.value for r in revisions):
        return Status.DUPLICATE, None
    return Status.SUSPECT, Quality.SUSPECT


def _kpis(codes: set[str]) -> dict[str, Kpi]:
    found: dict[str, Kpi] = {}
    for chunk in _chunks(sorted(codes)):
        found.update((kpi.code, kpi) for kpi in Kpi.objects.filter(code__in=chunk))
    return found


def _lock_states(keys: set[tuple[int, str]]) -> dict[tuple[int, str], KpiState]:
    """The state rows of these (kpi id, segment), made where new, locked in sorted order."""
    states: dict[tuple[int, str], KpiState] = {}
    for chunk in _chunks(sorted(keys)):
        rows = (
            KpiState.objects.select_for_update()
            .filter(kpi__in={kpi for kpi, _ in chunk}, segment__in={s for _, s in chunk})
            .order_by("kpi_id", "segment")
        )
        wanted = set(chunk)
        found = {(s.kpi_id, s.segment): s for s in rows if (s.kpi_id, s.segment) in wanted}
        if missing := [key for key in chunk if key not in found]:
            KpiState.objects.bulk_create(
                [KpiState(kpi_id=kpi, segment=segment) for kpi, segment in missing],
                ignore_conflicts=True,  # another sender may be first
            )
            found = {
                (s.kpi_id, s.segment): s for s in rows.all() if (s.kpi_id, s.segment) in wanted
            }
        states |= found
    return states


def _series(identities: set[tuple[int, str, str, str]]) -> dict[tuple, int]:
    found: dict[tuple, int] = {}
    for chunk in _chunks(sorted(identities)):
        rows = Series.objects.filter(
            kpi__in={i[0] for i in chunk}, segment__in={i[1] for i in chunk}
        ).values_list("kpi_id", "segment", "channel", "source", "pk")
        stored = {tuple(row[:4]): row[4] for row in rows}
        if missing := [identity for identity in chunk if identity not in stored]:
            Series.objects.bulk_create(
                [Series(kpi_id=k, segment=s, channel=c, source=o) for k, s, c, o in missing],
                ignore_conflicts=True,
            )
            stored = {tuple(row[:4]): row[4] for row in rows.all()}
        found |= stored
    return found


NULL = "\\N"  # as COPY has it
_COLUMNS = ("series_id", "at", "revision", "value", "quality", "period_end", "received_at")


def _insert(rows: list[tuple[Any, ...]], at: datetime) -> None:
    """Rows of `_COLUMNS` but the last, which is `at`, by the fastest way of each database."""
    if not rows:
        return
    table = connection.ops.quote_name(Reading._meta.db_table)
    into = f"{table} ({', '.join(_COLUMNS)})"
    with connection.cursor() as cursor, connection.wrap_database_errors:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {into} FROM STDIN") as copy:
                copy.write(_as_copy_text(rows, at))
        else:
            adapt = connection.ops.adapt_datetimefield_value
            got = adapt(at)
            cursor.executemany(
                f"INSERT INTO {into} VALUES (%s, %s, %s, %s, %s, %s, %s)",  # noqa: S608
                [
                    (place, adapt(when), number, value, quality, end and adapt(end), got)
                    for place, when, number, value, quality, end in rows
                ],
            )


def _as_copy_text(rows: list[tuple[Any, ...]], at: datetime) -> str:
    """Numbers, times and our own words: nothing here needs escaping."""
    got = at.isoformat()
    lines = [
        f"{place}\t{when.isoformat()}\t{number}\t{value!r}\t{quality}\t"
        f"{end.isoformat() if end else NULL}\t{got}\n"
        for place, when, number, value, quality, end in rows
    ]
    return "".join(lines)


_MARKED = (
    "dirty_from",
    "suspect_at",
    "last_at",
    "last_value",
    "no_data_due_at",
    "parked_until",
)


def _mark(
    states: dict[tuple[int, str], KpiState],
    touched: dict[tuple[int, str], _Touched],
    kpis: dict[int, Kpi],
    at: datetime,
) -> bool:
    """Say what is to be judged from when, and until when the next reading is expected."""
    if not touched:
        return False
    versions = versions_of({kpi for kpi, _ in touched})
    for key, news in touched.items():
        state = states[key]
        allowed = timedelta(0)
        if key[0] in versions:
            allowed = silence_allowed(kpis[key[0]], version_at(versions[key[0]], at))
        newest = max(t for t in (state.last_at, news.last and news.last[0], news.doubted_from) if t)
        _mark_suspect(state, key, news, live_since=newest - allowed)
        doubted_from = news.doubted_from if state.suspect_at is not None else None
        dirty = (state.dirty_from, news.dirty_from, doubted_from)
        state.dirty_from = min((t for t in dirty if t is not None), default=None)
        state.parked_until = None  # new data: try again at once
        if news.last is None:
            continue
        last_at, last_value = news.last
        if state.last_at is not None and last_at < state.last_at:
            continue
        state.last_at, state.last_value = last_at, last_value
        # A backfill is no promise of fresh data: it must not start a timer of its own.
        if key[0] in versions and last_at + allowed > at and kpis[key[0]].is_active:
            state.no_data_due_at = last_at + allowed
    update_rows([states[key] for key in sorted(touched)], _MARKED)
    return True


def _mark_suspect(
    state: KpiState, key: tuple[int, str], news: _Touched, *, live_since: datetime
) -> None:
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


def _chunks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
