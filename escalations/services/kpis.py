"""KPIs and their threshold versions. A version is never edited: a change makes the next one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Least

from config.lib.errors import DomainError, field_error
from config.lib.history import told
from escalations.models import Kpi, KpiSource, KpiState, Threshold
from escalations.rules.thresholds import LEVELS, Direction
from escalations.selectors.kpis import version_at

# Where a clear level goes when none is given: this share of the gap from breach to warn.
CLEAR_SHARE = 0.1
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
        _validate(kpi)
        told(kpi, by=by, at=at).save()
        set_sources(kpi, sources, by=by, at=at)
        version = Threshold(kpi=kpi, number=1, effective_from=at, **with_clear_levels(limits))
        _validate(version)
        told(version, by=by, at=at).save()
    return kpi


def change_kpi(
    kpi: Kpi,
    fields: dict[str, Any],
    limits: dict[str, Any],
    *,
    by: Any,
    at: datetime,
    sources: Sequence[dict[str, Any]] | None = None,
) -> Kpi:
    """Change what is named; a limit among it makes a new version, `sources` replace all."""
    with transaction.atomic():
        if fields or sources is not None:
            kpi = Kpi.objects.select_for_update().get(pk=kpi.pk)
        if fields:
            for name, value in fields.items():
                setattr(kpi, name, value)
            _refuse_future_review(fields, at)
            _validate(kpi)
            told(kpi, by=by, at=at).save()
        if sources is not None:
            set_sources(kpi, sources, by=by, at=at)
        if limits:
            change_thresholds(kpi, limits, by=by, at=at)
    return kpi


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
        _validate(source, prefix=f"sources.{names.index(source.name)}.")
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


def change_thresholds(kpi: Kpi, limits: dict[str, Any], *, by: Any, at: datetime) -> Threshold:
    """A new version from the one in force plus `limits`, in force from `at`.

    A new direction starts from no limits at all. Readings from `at` on are judged by it; what
    was judged before stands.
    """
    with transaction.atomic():
        states = list(
            KpiState.objects.select_for_update().filter(kpi=kpi).order_by("kpi_id", "segment")
        )
        versions = list(Threshold.objects.filter(kpi=kpi).order_by("effective_from"))
        number = max((version.number for version in versions), default=0) + 1
        values: dict[str, Any] = {}
        if versions:
            current = version_at(versions, at)
            values = {name: getattr(current, name) for name in LIMIT_COLUMNS}
            if limits.get("direction", current.direction) != current.direction:
                values |= dict.fromkeys(LEVEL_COLUMNS)
        values |= limits
        version = Threshold(kpi=kpi, number=number, effective_from=at, **with_clear_levels(values))
        _validate(version)
        told(version, by=by, at=at).save()
        if states:
            KpiState.objects.filter(kpi=kpi, last_at__gte=at).update(
                dirty_from=Least(Value(at), Coalesce(F("dirty_from"), Value(at))), parked_until=None
            )
    return version


LEVEL_COLUMNS = [f"{level}_{side}" for level in LEVELS for side in ("lo", "hi")]
LIMIT_COLUMNS = [
    "mode",
    "direction",
    *LEVEL_COLUMNS,
    "warn_k",
    "breach_k",
    "resolution",
    "n",
    "m",
    "c",
    "missing",
    "lateness_s",
    "warn_severity",
    "breach_severity",
    "warn_facts",
    "breach_facts",
    "revenue_exposed",
]


def with_clear_levels(limits: dict[str, Any]) -> dict[str, Any]:
    """Clear levels, where both of a side are left out: 10 % of the gap from breach to warn
    on the good side of each limit. Given one, the other must be given too."""
    limits = dict(limits)
    both = {"higher": ("lo",), "lower": ("hi",), "range": ("lo", "hi")}
    for side in both.get(str(limits.get("direction")), ()):
        warn, breach = limits.get(f"warn_{side}"), limits.get(f"breach_{side}")
        clear = (f"clear_warn_{side}", f"clear_breach_{side}")
        if warn is None or breach is None or any(limits.get(name) is not None for name in clear):
            continue
        gap = CLEAR_SHARE * (warn - breach)  # its sign points to the good side
        limits[clear[0]], limits[clear[1]] = warn + gap, breach + gap
    return limits


def _validate(thing: Kpi | KpiSource | Threshold, *, prefix: str = "") -> None:
    try:
        thing.full_clean()
    except ValidationError as error:
        errors = []
        is_range = getattr(thing, "direction", "") == Direction.RANGE
        for field, found in error.error_dict.items():
            name = "" if field == "__all__" else field
            if (
                isinstance(thing, Threshold)
                and not is_range
                and name not in ("target_lo", "target_hi")
            ):
                name = name.removesuffix("_lo").removesuffix("_hi")
            for one in found:
                errors.append(
                    {
                        "field": prefix + name,
                        "code": one.code or "invalid",
                        "detail": " ".join(one.messages),
                    }
                )
        raise DomainError(
            "invalid", "Correct the fields named in errors.", errors=errors
        ) from error
