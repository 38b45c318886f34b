"""Reads of readings. Each function is one query, whatever the number of rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Min

from config.lib.statements import among, ask, bare, keys, marks, moment
from escalations.models import KpiState, Reading
from escalations.models.kpis import Quality

TO_JUDGE = f"""
    SELECT s.id, {{at}}, r.value, {{period_end}}, t.channel
    FROM escalations_kpistate s
    JOIN escalations_series t ON t.kpi_id = s.kpi_id AND t.segment = s.segment
    JOIN escalations_reading r ON r.series_id = t.id AND r.at >= s.dirty_from
        AND r.quality = '{Quality.VALID.value}'
    WHERE s.id IN {{}}
    ORDER BY s.id, r.at, t.channel, t.source
"""  # noqa: S608 (no user's text)


class StoredRevision(NamedTuple):
    id: int
    revision: int
    value: float
    quality: str


def series_of(
    kpis: Iterable[int], segments: Iterable[str]
) -> list[tuple[int, str, str, str, int, datetime | None]]:
    """KPI, segment, channel, source, id and time of the last reading. One query."""
    text = f"""SELECT kpi_id, segment, channel, source, id,
            (SELECT max(at) FROM escalations_reading r WHERE r.series_id = s.id)
        FROM escalations_series s
        WHERE {among("kpi_id")} AND {among("segment", "text")}"""  # noqa: S608 (no user's text)
    return [(*row[:5], moment(row[5])) for row in ask(text, [keys(kpis), keys(segments)])]


def revisions_of(
    pairs: Iterable[tuple[int, datetime]],
) -> dict[tuple[int, datetime], list[StoredRevision]]:
    """Every stored revision of these (series id, time), oldest first. One query with one argument
    list: 10,000 pairs would be too many variables, and a range by time reads too much."""
    pairs = list(pairs)
    if not pairs:
        return {}
    table = connection.ops.quote_name(Reading._meta.db_table)
    if connection.vendor == "postgresql":
        found = "SELECT * FROM unnest(%s::bigint[], %s::timestamptz[]) AS p(series_id, at)"
        arguments = [[series for series, _ in pairs], [at for _, at in pairs]]
    else:
        found = "SELECT value->>0 AS series_id, value->>1 AS at FROM json_each(%s)"
        adapt = connection.ops.adapt_datetimefield_value
        arguments = [json.dumps([(series, str(adapt(at))) for series, at in pairs])]
    query = (
        f"SELECT r.* FROM ({found}) p CROSS JOIN {table} r"  # noqa: S608 (no user's text)
        " WHERE r.series_id = p.series_id AND r.at = p.at ORDER BY r.series_id, r.at, r.revision"
    )
    stored: dict[tuple[int, datetime], list[StoredRevision]] = {}
    for row in Reading.objects.raw(query, arguments):
        stored.setdefault((row.series_id, row.at), []).append(
            StoredRevision(row.id, row.revision, row.value, row.quality)
        )
    return stored


def suspect_since(
    keys: Iterable[tuple[int, str]], *, since: datetime
) -> dict[tuple[int, str], datetime]:
    """The earliest suspect point from `since` on, by (kpi id, segment)."""
    keys = list(keys)
    rows = (
        Reading.objects.filter(
            series__kpi__in={kpi for kpi, _ in keys},
            series__segment__in={segment for _, segment in keys},
            at__gte=since,
            quality=Quality.SUSPECT,
        )
        .values_list("series__kpi", "series__segment")
        .annotate(first=Min("at"))
        .order_by()
    )
    return {(kpi, segment): first for kpi, segment, first in rows}


def values_in_doubt(kpi_id: int, segment: str, at: datetime) -> list[float]:
    """The values that one suspect point was given, first to newest."""
    suspect = (
        Reading.objects.filter(
            series__kpi=kpi_id, series__segment=segment, at=at, quality=Quality.SUSPECT
        )
        .order_by("series_id")
        .values("series_id")[:1]
    )
    rows = Reading.objects.filter(at=at, series=suspect).exclude(quality=Quality.REPLACED)
    return list(rows.order_by("revision").values_list("value", flat=True))


class Point(NamedTuple):
    at: datetime
    value: float
    period_end: datetime | None
    channel: str


def points_to_judge(states: Iterable[KpiState]) -> dict[int, list[Point]]:
    """Valid points from each state's `dirty_from` on, in event-time order, by state id.

    Ties of several series are ordered by channel and source: the same whatever arrived first.
    """
    ids = [state.pk for state in states]
    found: dict[int, list[Point]] = {}
    if not ids:
        return found
    text = TO_JUDGE.format(marks(ids), at=bare("r.at"), period_end=bare("r.period_end"))
    for state_id, when, value, period_end, channel in ask(text, ids):
        known = moment(when)
        assert known is not None
        found.setdefault(state_id, []).append(Point(known, value, moment(period_end), channel))
    return found


def points_of(
    kpi_id: int,
    segment: str,
    *,
    start: datetime | None = None,
    before: datetime | None = None,
    most: int | None = None,
) -> list[Point]:
    """Valid points of a KPI's segment in [start, before), newest first, at `most` so many."""
    rows = Reading.objects.filter(
        series__kpi=kpi_id, series__segment=segment, quality=Quality.VALID
    )
    if start is not None:
        rows = rows.filter(at__gte=start)
    if before is not None:
        rows = rows.filter(at__lt=before)
    newest = rows.order_by("-at", "-series__channel", "-series__source")
    columns = newest.values_list("at", "value", "period_end", "series__channel")
    return [Point(*row) for row in columns[:most]]
