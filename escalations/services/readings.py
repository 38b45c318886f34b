"""Readings in: all rows of a batch or none, in a handful of queries whatever its size.

Storing never locks an incident: it writes readings and state rows, marks the states that have
something to judge, and asks for a check (MODEL 2.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import connection, transaction

from config.lib import queue
from config.lib.errors import DomainError
from escalations.models import Reading, Series
from escalations.models.kpis import Quality
from escalations.rules.reading_rows import NewReading, RowError, parse_rows
from escalations.selectors.readings import revisions_of, series_of
from escalations.services.reading_states import Key, Touched, lock_states, mark, measured

CHUNK = 1000
CHECK = "escalations.tasks.thresholds.check"
VALID = Quality.VALID.value
Identity = tuple[int, str, str, str]  # KPI, segment, channel, source
Labels = tuple[str, str, str, str]  # the same, with the code of the KPI


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


class _Series(NamedTuple):
    pk: int
    key: Key
    last_at: datetime | None


@dataclass(slots=True)
class _Plan:
    statuses: list[Status] = field(default_factory=list)
    new: list[tuple[Any, ...]] = field(default_factory=list)
    replaced: list[int] = field(default_factory=list)
    touched: dict[Key, Touched] = field(default_factory=dict)


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
    kpis = measured({row.kpi for row in rows if row is not None})
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
        labels = {(row.kpi, row.segment, row.channel, row.source) for row in good}
        wanted: dict[Identity, Labels] = {
            (kpis[code].pk, segment, channel, source): (code, segment, channel, source)
            for code, segment, channel, source in labels
        }
        # States first, in sorted order: two senders of the same KPIs queue up, and the values
        # read below cannot change under us.
        states = lock_states({identity[:2] for identity in wanted})
        plan = _plan(good, {wanted[identity]: found for identity, found in _series(wanted)})
        if plan.replaced:
            for ids in _chunks(plan.replaced):
                Reading.objects.filter(pk__in=ids).update(quality=Quality.REPLACED)
        _insert(plan.new, at)
        if mark(states, plan.touched, {kpi.pk: kpi for kpi in kpis.values()}, at):
            queue.enqueue(CHECK)
    return plan.statuses


def _plan(rows: Sequence[NewReading], series: Mapping[Labels, _Series]) -> _Plan:
    places = [series[row.kpi, row.segment, row.channel, row.source] for row in rows]
    pairs = [(place.pk, row.at) for place, row in zip(places, rows, strict=True)]
    old = {
        pair
        for pair, place in zip(pairs, places, strict=True)
        if place.last_at is not None and pair[1] <= place.last_at
    }
    if not old and len(set(pairs)) == len(pairs):
        return _all_new(rows, places)
    return _with_revisions(rows, places, old)


def _all_new(rows: Sequence[NewReading], places: Sequence[_Series]) -> _Plan:
    """Most batches: no point of them is stored, and none comes twice."""
    plan = _Plan([Status.STORED] * len(rows))
    plan.new = [
        (place.pk, row.at, 1, row.value, VALID, row.period_end)
        for place, row in zip(places, rows, strict=True)
    ]
    touched = plan.touched
    for place, row in zip(places, rows, strict=True):
        news = touched.get(place.key)
        if news is None:
            news = touched[place.key] = Touched()
        news.judge(row.at, row.value)
    return plan


def _with_revisions(
    rows: Sequence[NewReading], places: Sequence[_Series], old: set[tuple[int, datetime]]
) -> _Plan:
    known: dict[tuple[int, datetime], list[_Revision]] = {
        pair: [_Revision(s.revision, s.value, s.quality, s.id) for s in stored]
        for pair, stored in revisions_of(old).items()
    }
    plan = _Plan()
    touched = plan.touched
    # Revisions are stored as they stand at the end: a later row of the batch may replace one.
    fresh: list[tuple[_Revision, int, datetime, datetime | None]] = []
    for row, (place, key, _) in zip(rows, places, strict=True):
        pair = (place, row.at)
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
            for before in revisions:
                if before.quality != Quality.REPLACED:
                    before.quality = Quality.REPLACED.value
                    if before.pk is not None:
                        plan.replaced.append(before.pk)
        revision = _Revision(number, row.value, quality)
        revisions.append(revision)
        fresh.append((revision, place, row.at, row.period_end))
        news = touched.get(key)
        if news is None:
            news = touched[key] = Touched()
        if quality == VALID:
            news.judge(row.at, row.value)
            news.is_corrected |= status is Status.REVISED
        else:
            news.doubt(row.at)
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


def _series(identities: Iterable[Identity]) -> Iterator[tuple[Identity, _Series]]:
    """Each of these with its series, made where new."""
    for chunk in _chunks(sorted(identities)):
        found = _stored(chunk)
        if missing := [identity for identity in chunk if identity not in found]:
            Series.objects.bulk_create(
                [Series(kpi_id=k, segment=s, channel=c, source=o) for k, s, c, o in missing],
                ignore_conflicts=True,
            )
            found = _stored(chunk)
        for identity in chunk:
            yield identity, found[identity]


def _stored(identities: Sequence[Identity]) -> dict[Identity, _Series]:
    rows = series_of({each[0] for each in identities}, {each[1] for each in identities})
    return {(k, s, c, o): _Series(pk, (k, s), last_at) for k, s, c, o, pk, last_at in rows}


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


def _chunks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
