"""The last points of many KPIs at once, for charts as small as a word."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from escalations.models import Reading, Series, Threshold
from escalations.models.kpis import Quality
from escalations.rules.charts import Scale, line, trend, value_scale
from escalations.rules.thresholds import Mode

POINTS = 60
MOST_SERIES = 4  # of one segment; more sources than that are not drawn small
WIDTH, HEIGHT = 120, 32
Key = tuple[int, str]  # (kpi id, segment)


@dataclass(frozen=True, slots=True)
class Spark:
    """`path` is the line, `limits` the heights of the breach limits, `dot` the newest point."""

    path: str
    limits: tuple[str, ...]
    dot: tuple[str, str]
    trend: str


def last_values(keys: Collection[Key]) -> dict[Key, list[float]]:
    """The newest valid values of each, oldest first. Two queries: each series is one short walk
    down its index, however long it is."""
    wanted = set(keys)
    if not wanted:
        return {}
    rows = Series.objects.filter(
        kpi__in={kpi for kpi, _ in wanted}, segment__in={segment for _, segment in wanted}
    )
    chosen: dict[Key, list[int]] = {}
    for pk, kpi, segment in rows.order_by("pk").values_list("pk", "kpi", "segment"):
        if (kpi, segment) in wanted and len(chosen.get((kpi, segment), ())) < MOST_SERIES:
            chosen.setdefault((kpi, segment), []).append(pk)
    key_of = {pk: key for key, ids in chosen.items() for pk in ids}
    if not key_of:
        return {}
    table = connection.ops.quote_name(Reading._meta.db_table)
    one = (
        f"SELECT * FROM (SELECT id, series_id, at, value FROM {table}"  # noqa: S608  no user's text
        f" WHERE series_id = %s AND quality = %s ORDER BY at DESC LIMIT {POINTS}) AS newest"
    )
    arguments = [word for pk in key_of for word in (pk, Quality.VALID.value)]
    found: dict[Key, list[tuple]] = {}
    for row in Reading.objects.raw(" UNION ALL ".join([one] * len(key_of)), arguments):
        found.setdefault(key_of[row.series_id], []).append((row.at, row.series_id, row.value))
    return {key: [value for *_, value in sorted(rows)[-POINTS:]] for key, rows in found.items()}


def spark(values: list[float], version: Threshold | None) -> Spark | None:
    if not values:
        return None
    has_limits = version is not None and version.mode != Mode.BASELINE
    limits = [version.breach_lo, version.breach_hi] if has_limits and version else []
    shown = [limit for limit in limits if limit is not None]
    heights = value_scale([*values, *shown], top=2, bottom=HEIGHT - 2)
    across = Scale(0, max(len(values) - 1, 1), 2, WIDTH - 4)
    places = [(across.place(x), heights.place(value)) for x, value in enumerate(values)]
    return Spark(
        path=line(places),
        limits=tuple(f"{heights.place(limit):.1f}" for limit in shown),
        dot=(f"{places[-1][0]:.1f}", f"{places[-1][1]:.1f}"),
        trend=trend(values),
    )
