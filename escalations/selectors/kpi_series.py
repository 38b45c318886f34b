"""One KPI's segment over time: a few hundred columns, however many readings there are.

The database groups the readings; each column keeps its lowest and highest value, so that no peak
is lost. Chart, table and CSV show these same columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Func, IntegerField, Max, Min, Q

from escalations.models import Kpi, Reading, Series, Threshold
from escalations.models.kpis import Quality
from escalations.rules.baselines import Baseline, learned_rule, place_in_day
from escalations.rules.thresholds import Bands, Mode
from escalations.selectors.annotations import Span, is_masked
from escalations.selectors.baselines import learned_days
from escalations.selectors.kpis import version_at

COLUMNS = 360
DAY = timedelta(days=1)


class _Column(Func):
    """Which column a time falls in. Start and width are whole seconds of ours, so they stand in
    the statement itself: a database groups by it without asking for parameters twice."""

    output_field = IntegerField()
    template = "CAST(FLOOR((EXTRACT(EPOCH FROM %(expressions)s) - %(start)d) / %(width)d) AS INT)"

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        # `%%%%` is one per cent sign after the template and after the parameters.
        template = "(CAST(strftime('%%%%s', %(expressions)s) AS INT) - %(start)d) / %(width)d"
        return self.as_sql(compiler, connection, template=template, **more)


@dataclass(frozen=True, slots=True)
class Column:
    """`lowest` and `highest` are of valid readings, None without any. `bands` are the limits that
    judge here, `usual` is what was learned."""

    start: datetime
    first_at: datetime
    last_at: datetime
    count: int
    lowest: float | None
    highest: float | None
    suspect: int
    replaced: int
    bands: Bands | None
    usual: Baseline | None
    warn_k: float

    @property
    def is_out(self) -> bool:
        """Does some value lie beyond the breach limit?"""
        if self.bands is None or self.lowest is None or self.highest is None:
            return False
        low, high = self.bands.breach_lo, self.bands.breach_hi
        sides = self.bands.sides
        return ("lo" in sides and low is not None and self.lowest < low) or (
            "hi" in sides and high is not None and self.highest > high
        )

    @property
    def middle(self) -> float | None:
        if self.lowest is None or self.highest is None:
            return None
        return self.lowest / 2 + self.highest / 2


@dataclass(frozen=True, slots=True)
class KpiSeries:
    start: datetime
    end: datetime
    width_s: int
    columns: tuple[Column, ...]
    versions: tuple[Threshold, ...]

    @property
    def readings(self) -> int:
        return sum(column.count for column in self.columns)

    @property
    def is_grouped(self) -> bool:
        """Does a column hold more than one reading?"""
        return any(column.count > 1 for column in self.columns)


def kpi_series(
    kpi: Kpi,
    segment: str,
    versions: list[Threshold],
    masks: Sequence[Span],
    *,
    start: datetime,
    end: datetime,
) -> KpiSeries:
    """The readings in [start, end). Three queries, whatever their number."""
    start = start.replace(microsecond=0)
    width = max(math.ceil((end - start).total_seconds() / COLUMNS), 1)
    rows = _grouped(kpi, segment, start, end, width)
    zone = ZoneInfo(kpi.time_zone)
    usual = _Usual(kpi, segment, zone, start, end) if _learns(versions) else None
    columns = []
    for row in rows:
        begins = start + timedelta(seconds=row["column"] * width)
        here = row["first_at"] if row["count"] == 1 else begins + timedelta(seconds=width / 2)
        version = version_at(versions, here) if versions else None
        band = usual.at(here) if usual is not None else None
        rule = (
            learned_rule(version.rule, band, is_event=is_masked(masks, here)) if version else None
        )
        columns.append(
            Column(
                start=begins,
                first_at=row["first_at"],
                last_at=row["last_at"],
                count=row["count"],
                lowest=row["lowest"],
                highest=row["highest"],
                suspect=row["suspect"],
                replaced=row["replaced"],
                bands=rule.bands if rule else None,
                usual=band,
                warn_k=version.warn_k if version else 0.0,
            )
        )
    return KpiSeries(start, end, width, tuple(columns), tuple(versions))


def _learns(versions: list[Threshold]) -> bool:
    return any(version.mode != Mode.STATIC for version in versions)


def _grouped(
    kpi: Kpi, segment: str, start: datetime, end: datetime, width: int
) -> list[dict[str, Any]]:
    series = list(Series.objects.filter(kpi=kpi, segment=segment).values_list("pk", flat=True))
    valid = Q(quality=Quality.VALID)
    rows = (
        Reading.objects.filter(series__in=series, at__gte=start, at__lt=end)
        .annotate(column=_Column("at", start=int(start.timestamp()), width=width))
        .values("column")
        .annotate(
            first_at=Min("at"),
            last_at=Max("at"),
            count=Count("pk", filter=~Q(quality=Quality.REPLACED)),
            lowest=Min("value", filter=valid),
            highest=Max("value", filter=valid),
            suspect=Count("pk", filter=Q(quality=Quality.SUSPECT)),
            replaced=Count("pk", filter=Q(quality=Quality.REPLACED)),
        )
    )
    return [dict(row) for row in rows.order_by("column")]


class _Usual:
    """What was learned for the days of a period, by time. One query."""

    def __init__(
        self, kpi: Kpi, segment: str, zone: ZoneInfo, start: datetime, end: datetime
    ) -> None:
        self.zone = zone
        count = (end - start).days + 3
        days = [(start.astimezone(zone) + DAY * place).date() for place in range(-1, count)]
        rows = learned_days([(kpi.pk, segment)], days)[kpi.pk, segment]
        self._rows = {row.day: row for row in rows if row.time_zone == kpi.time_zone}

    def at(self, when: datetime) -> Baseline | None:
        wall = when.astimezone(self.zone)
        row = self._rows.get(wall.date())
        band = row and row.bands.get(str(place_in_day(wall, row.buckets)))
        return Baseline(*band) if band else None
