"""What a reading must look like before it is stored: plain checks, no serializer per row.

Times are aware, kept in UTC. Errors are {row, field, code, detail}; rows count from 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

FIRST_YEAR, LAST_YEAR = 1970, 2100
FUTURE_ALLOWED = timedelta(days=1)
TEXT_LENGTHS = {"kpi": 60, "segment": 120, "channel": 80, "source": 80, "unit": 24}
FIELDS = frozenset([*TEXT_LENGTHS, "at", "value", "period_end", "correction"])

LABELS = ("kpi", "segment", "channel", "source")
QUICK = frozenset([*LABELS, "at", "value"])
EARLIEST = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)

RowError = dict[str, Any]


class NewReading(NamedTuple):
    """One value as sent. `kpi` is the KPI's code; `is_correction` replaces what is stored.

    `unit`, where given, must be the KPI's: euros are never stored as dollars.
    """

    kpi: str
    at: datetime
    value: float
    segment: str = ""
    channel: str = ""
    source: str = ""
    period_end: datetime | None = None
    is_correction: bool = False
    unit: str | None = None


class BadField(ValueError):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def number(value: Any) -> float:
    """A finite float; BadField for anything else. True and "3" are not numbers."""
    if type(value) not in (float, int):
        raise BadField("not_a_number", "Give a number.")
    try:
        value = float(value)
    except OverflowError:
        raise BadField("not_finite", "Give a finite number.") from None
    if not math.isfinite(value):
        raise BadField("not_finite", "Give a finite number.")
    return value


def time(value: Any, *, at: datetime) -> datetime:
    """An ISO 8601 time with its offset, in UTC."""
    if not isinstance(value, str):
        raise BadField("not_a_time", "Give a time like 2026-01-31T14:00:00Z.")
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        raise BadField("not_a_time", "Give a time like 2026-01-31T14:00:00Z.") from None
    return checked_time(when, at=at)


def checked_time(when: datetime, *, at: datetime) -> datetime:
    if when.tzinfo is None:
        raise BadField("naive_time", "Give the offset too: Z or +01:00.")
    if not FIRST_YEAR < when.year < LAST_YEAR:  # near the ends only after the shift to UTC
        if not FIRST_YEAR - 1 <= when.year <= LAST_YEAR + 1:
            raise BadField("out_of_range", f"Give a year from {FIRST_YEAR} to {LAST_YEAR}.")
    when = when.astimezone(UTC)
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise BadField("out_of_range", f"Give a year from {FIRST_YEAR} to {LAST_YEAR}.")
    if when > at + FUTURE_ALLOWED:
        raise BadField("in_future", "This is more than a day in the future.")
    return when


def text(value: Any, longest: int) -> str:
    if not isinstance(value, str):
        raise BadField("not_text", "Give text.")
    if len(value) > longest:
        raise BadField("too_long", f"Give at most {longest} characters.")
    if "\x00" in value:
        raise BadField("nul", "NUL characters cannot be stored.")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise BadField("invalid_text", "This is not valid Unicode text.") from None
    return value


def parse_rows(
    rows: Sequence[Any], *, at: datetime
) -> tuple[list[NewReading | None], list[RowError]]:
    """Rows as decoded from JSON -> readings (None where bad) and every error of every row."""
    readings: list[NewReading | None] = []
    errors: list[RowError] = []
    usual: set[tuple[Any, ...]] = set()
    for row, sent in enumerate(rows):
        if (quick := _quick(sent, at, usual)) is not None:
            readings.append(quick)
            continue
        found: list[tuple[str, str, str]] = []
        reading = _parse(sent, at, found)
        readings.append(None if found else reading)
        errors += [
            {"row": row, "field": field, "code": code, "detail": detail}
            for field, code, detail in found
        ]
    return readings, errors


def _quick(sent: Any, at: datetime, usual: set[tuple[Any, ...]]) -> NewReading | None:
    """A row as most are, in a fifth of the time; None for any other, which `_parse` judges.

    `usual` are the labels seen in this batch that were found good: most rows repeat them.
    """
    try:
        if not sent.keys() <= QUICK:
            return None
        value, when = sent["value"], datetime.fromisoformat(sent["at"])
        labels = (
            sent["kpi"],
            sent.get("segment", ""),
            sent.get("channel", ""),
            sent.get("source", ""),
        )
        if labels not in usual:
            for field, label in zip(LABELS, labels, strict=True):
                text(label, TEXT_LENGTHS[field])
            if not labels[0]:
                return None
            usual.add(labels)
        if type(value) is not float:
            value = number(value)
        if when.tzinfo is None or not EARLIEST <= when <= at or not math.isfinite(value):
            return None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return NewReading(labels[0], when.astimezone(UTC), value, labels[1], labels[2], labels[3])


def _parse(sent: Any, at: datetime, found: list[tuple[str, str, str]]) -> NewReading | None:
    if not isinstance(sent, Mapping):
        found.append(("", "not_an_object", "A reading is an object."))
        return None
    if not sent.keys() <= FIELDS:
        for name in sorted(sent.keys() - FIELDS, key=str):
            found.append((str(name)[:80], "unknown_field", "A reading has no such field."))
    values: dict[str, Any] = {}
    for field in ("kpi", "at", "value"):
        if sent.get(field) is None or sent[field] == "":
            found.append((field, "required", "Give this field."))
    for field, value in sent.items():
        if value is None or (value == "" and field in ("kpi", "at", "value")):
            continue
        try:
            if field in TEXT_LENGTHS:
                values[field] = text(value, TEXT_LENGTHS[field])
            elif field == "value":
                values["value"] = number(value)
            elif field == "at":
                values["at"] = time(value, at=at)
            elif field == "period_end":
                values["period_end"] = _period_end(value, at)
            elif field == "correction":
                if not isinstance(value, bool):
                    raise BadField("not_a_boolean", "Give true or false.")
                values["is_correction"] = value
        except BadField as bad:
            found.append((field, bad.code, bad.detail))
    if found:
        return None
    reading = NewReading(**values)
    if reading.period_end is not None and reading.period_end < reading.at:
        found.append(("period_end", "order", "A period ends after it begins."))
    return reading


def _period_end(value: Any, at: datetime) -> datetime:
    """A period may end later than now, by up to 400 days: the month that runs."""
    return time(value, at=at + timedelta(days=400))
