"""KPIs. Their limits are versions that others approve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from config.lib.errors import field_error
from config.lib.history import told
from escalations.models import ChangeRequest, Kpi, KpiSource
from escalations.services.changes import ask_approval
from escalations.services.threshold_versions import (
    draft_thresholds,
    put_thresholds_in_force,
    validate,
)

MOST_SOURCES = 50


def create_kpi(
    fields: dict[str, Any],
    limits: dict[str, Any],
    *,
    by: Any,
    at: datetime,
    sources: Sequence[dict[str, Any]] = (),
) -> Kpi:
    """A KPI with its first version, in force from `at` (older readings are judged by it too)."""
    with transaction.atomic():
        kpi = Kpi(**fields)
        _refuse_future_review(fields, at)
        validate(kpi)
        told(kpi, by=by, at=at).save()
        set_sources(kpi, sources, by=by, at=at)
        version = draft_thresholds(kpi, limits, by=by, at=at)
        put_thresholds_in_force(version, by=by, at=at, reason="The first limits of a KPI.")
    return kpi


def change_kpi(
    kpi: Kpi,
    fields: dict[str, Any],
    limits: dict[str, Any],
    *,
    by: Any,
    at: datetime,
    sources: Sequence[dict[str, Any]] | None = None,
    reason: str = "",
) -> ChangeRequest | None:
    """Change what is named; `sources` replace all. Limits among it are asked for: the request.

    Raises what `ask_approval` raises of limits.
    """
    with transaction.atomic():
        if fields or sources is not None:
            kpi = Kpi.objects.select_for_update().get(pk=kpi.pk)
        if fields:
            for name, value in fields.items():
                setattr(kpi, name, value)
            _refuse_future_review(fields, at)
            validate(kpi)
            told(kpi, by=by, at=at).save()
        if sources is not None:
            set_sources(kpi, sources, by=by, at=at)
        if not limits:
            return None
        draft = draft_thresholds(kpi, limits, by=by, at=at, note=reason)
        return ask_approval(kpi.code, draft.number, {"reason": reason}, by=by, at=at, kind="limits")


def _refuse_future_review(fields: dict[str, Any], at: datetime) -> None:
    reviewed_on = fields.get("reviewed_on")
    if reviewed_on is not None and reviewed_on > (at + timedelta(days=1)).date():
        raise field_error("reviewed_on", "in_future", "A review is dated when it was made.")


def set_sources(kpi: Kpi, sources: Sequence[dict[str, Any]], *, by: Any, at: datetime) -> None:
    """Make these the sources of a KPI; a source is known by its name. The caller is in atomic."""
    if len(sources) > MOST_SOURCES:
        raise field_error("sources", "too_many", f"A KPI has at most {MOST_SOURCES} sources.")
    names = [source["name"] for source in sources]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise field_error(f"sources.{place}.name", "repeated", f"{name!r} is given twice.")
    if sum(bool(source.get("is_primary")) for source in sources) > 1:
        raise field_error("sources", "one_primary", "A KPI has one primary source.")
    standing = {source.name: source for source in kpi.sources.all()}
    for name, source in standing.items():
        if name not in names:
            told(source, by=by, at=at).delete()
    # Who is primary no longer goes first: there is never more than one.
    for sent in sorted(sources, key=lambda sent: bool(sent.get("is_primary"))):
        source = standing.get(sent["name"]) or KpiSource(kpi=kpi)
        for field, value in {**_EMPTY_SOURCE, **sent}.items():
            setattr(source, field, value)
        validate(source, prefix=f"sources.{names.index(source.name)}.")
        told(source, by=by, at=at).save()


_EMPTY_SOURCE = {
    "system": "",
    "description": "",
    "is_primary": False,
    "tolerance_abs": None,
    "tolerance_rel": None,
}


def mark_reviewed(kpis: Iterable[Kpi], *, by: Any, at: datetime, reason: str) -> int:
    """Say that these KPIs were reviewed today, in each one's own zone; how many."""
    with transaction.atomic():
        rows = list(Kpi.objects.select_for_update().filter(pk__in=[kpi.pk for kpi in kpis]))
        for kpi in rows:
            kpi.reviewed_on = at.astimezone(ZoneInfo(kpi.time_zone)).date()
            told(kpi, by=by, reason=reason, at=at).save()
    return len(rows)
