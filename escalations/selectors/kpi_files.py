"""The figures of a KPI's chart as rows of a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from escalations.rules.thresholds import Bands
from escalations.selectors.kpi_series import KpiSeries

COLUMNS = (
    "from_utc",
    "to_utc",
    "readings",
    "lowest",
    "highest",
    "suspect",
    "replaced",
    "target_lo",
    "target_hi",
    "warn_lo",
    "warn_hi",
    "breach_lo",
    "breach_hi",
    "usual",
)
LIMITS = COLUMNS[7:13]


def series_rows(series: KpiSeries) -> Iterator[list[str]]:
    """The head, then the same columns that the chart draws, oldest first."""
    yield list(COLUMNS)
    for column in series.columns:
        bands = column.bands or Bands("range")
        yield [
            _time(column.first_at),
            _time(column.last_at),
            str(column.count),
            _value(column.lowest),
            _value(column.highest),
            str(column.suspect),
            str(column.replaced),
            *(_value(getattr(bands, name)) for name in LIMITS),
            _value(column.usual.centre if column.usual else None),
        ]


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _value(value: float | None) -> str:
    return "" if value is None else repr(value)
