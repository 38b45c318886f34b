"""KPIs and their threshold versions. A version is never edited: a change makes the next one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Least

from config.lib.errors import DomainError
from escalations.models import Kpi, KpiState, Threshold
from escalations.rules.thresholds import LEVELS, Direction
from escalations.selectors.kpis import version_at

# Where a clear level goes when none is given: this share of the gap from breach to warn.
CLEAR_SHARE = 0.1


def create_kpi(fields: dict[str, Any], limits: dict[str, Any], *, by: Any, at: datetime) -> Kpi:
    """A KPI with its first version, in force from `at` (older readings are judged by it too)."""
    with transaction.atomic():
        kpi = Kpi(**fields)
        _validate(kpi)
        kpi.save()
        version = Threshold(kpi=kpi, number=1, effective_from=at, **with_clear_levels(limits))
        _validate(version)
        version.save()
    return kpi


def change_kpi(
    kpi: Kpi, fields: dict[str, Any], limits: dict[str, Any], *, by: Any, at: datetime
) -> Kpi:
    """Change what is named; a limit among it makes a new version."""
    with transaction.atomic():
        if fields:
            kpi = Kpi.objects.select_for_update().get(pk=kpi.pk)
            for name, value in fields.items():
                setattr(kpi, name, value)
            _validate(kpi)
            kpi.save()
        if limits:
            change_thresholds(kpi, limits, by=by, at=at)
    return kpi


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
        version.save()
        if states:
            KpiState.objects.filter(kpi=kpi, last_at__gte=at).update(
                dirty_from=Least(Value(at), Coalesce(F("dirty_from"), Value(at))), parked_until=None
            )
    return version


LEVEL_COLUMNS = [f"{level}_{side}" for level in LEVELS for side in ("lo", "hi")]
LIMIT_COLUMNS = [
    "direction",
    *LEVEL_COLUMNS,
    "n",
    "m",
    "c",
    "missing",
    "lateness_s",
    "warn_severity",
    "breach_severity",
    "revenue_exposed",
]


def with_clear_levels(limits: dict[str, Any]) -> dict[str, Any]:
    """Clear levels, where both of a side are left out: 10 % of the gap from breach to warn
    on the good side of each limit. Given one, the other must be given too."""
    limits = dict(limits)
    both = {Direction.HIGHER: ("lo",), Direction.LOWER: ("hi",), Direction.RANGE: ("lo", "hi")}
    for side in both.get(limits.get("direction"), ()):
        warn, breach = limits.get(f"warn_{side}"), limits.get(f"breach_{side}")
        clear = (f"clear_warn_{side}", f"clear_breach_{side}")
        if warn is None or breach is None or any(limits.get(name) is not None for name in clear):
            continue
        gap = CLEAR_SHARE * (warn - breach)  # its sign points to the good side
        limits[clear[0]], limits[clear[1]] = warn + gap, breach + gap
    return limits


def _validate(thing: Kpi | Threshold) -> None:
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
                        "field": name,
                        "code": one.code or "invalid",
                        "detail": " ".join(one.messages),
                    }
                )
        raise DomainError(
            "invalid", "Correct the fields named in errors.", errors=errors
        ) from error
