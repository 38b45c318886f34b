"""Versions of a KPI's limits: drafted, sealed, and in force. Pages and the API go by requests
(escalations.services.changes)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Max, Value
from django.db.models.functions import Coalesce, Least

from config.lib.errors import Conflict, DomainError
from config.lib.history import told
from config.lib.versions import digest
from escalations.models import Kpi, KpiSource, KpiState, Threshold
from escalations.rules.thresholds import LEVELS, Direction
from escalations.selectors.kpis import judging, version_at

# Where a clear level goes when none is given: this share of the gap from breach to warn.
CLEAR_SHARE = 0.1
LEVEL_COLUMNS = [f"{level}_{side}" for level in LEVELS for side in ("lo", "hi")]
FLOATS = {*LEVEL_COLUMNS, "warn_k", "breach_k", "resolution"}
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


def draft_thresholds(
    kpi: Kpi, limits: Mapping[str, Any], *, by: Any, at: datetime, note: str = ""
) -> Threshold:
    """The next version: what is in force plus `limits`. A new direction starts from no limits.

    Raises DomainError `invalid` with what `threshold_problems` says.
    """
    with transaction.atomic():
        Kpi.objects.select_for_update(of=("self",)).get(pk=kpi.pk)  # numbers, one at a time
        versions = judging(kpi.thresholds.all())
        values: dict[str, Any] = {}
        if versions:
            current = version_at(versions, at)
            values = {name: getattr(current, name) for name in LIMIT_COLUMNS}
            if limits.get("direction", current.direction) != current.direction:
                values |= dict.fromkeys(LEVEL_COLUMNS)
        version = Threshold(
            kpi=kpi,
            number=_next_number(kpi),
            note=note,
            **with_clear_levels(values | dict(limits)),
        )
        validate(version)
        told(version, by=by, reason=note, at=at).save()
    return version


def copy_thresholds(version: Threshold, *, by: Any, at: datetime, note: str) -> Threshold:
    """The next draft of a KPI's limits, which says what this version says."""
    Kpi.objects.select_for_update(of=("self",)).get(pk=version.kpi_id)
    values = {name: getattr(version, name) for name in LIMIT_COLUMNS}
    number = _next_number(version.kpi)
    copy = Threshold(kpi=version.kpi, number=number, note=note, **values)
    told(copy, by=by, reason=note, at=at).save()
    return copy


def _next_number(kpi: Kpi) -> int:
    return (kpi.thresholds.aggregate(last=Max("number"))["last"] or 0) + 1


@transaction.atomic
def put_thresholds_in_force(version: Threshold, *, by: Any, at: datetime, reason: str) -> Threshold:
    """Without anybody's approval: for the first limits of a KPI, installations and tests."""
    version = Threshold.objects.select_for_update(of=("self",)).get(pk=version.pk)
    return take_effect(version, by=by, at=at, reason=reason)


def take_effect(version: Threshold, *, by: Any, at: datetime, reason: str) -> Threshold:
    """Readings from `at` on are judged by it; what was judged before stands. The caller holds its
    lock. Raises Conflict `already_published`."""
    if version.state in ("in_force", "retired"):
        raise Conflict("already_published", "This version was in force already.")
    states = KpiState.objects.select_for_update().filter(kpi=version.kpi_id)
    has_states = bool(list(states.order_by("kpi_id", "segment")))
    for before in Threshold.objects.filter(kpi=version.kpi_id, state="in_force"):
        before.state, before.retired_at = "retired", at
        told(before, by=by, reason=f"Version {version.number} is in force.", at=at).save()
    version.state, version.effective_from, version.published_by = "in_force", at, by
    version.sha256 = sealed(version)
    told(version, by=by, reason=reason, at=at).save()
    if has_states:
        KpiState.objects.filter(kpi=version.kpi_id, last_at__gte=at).update(
            dirty_from=Least(Value(at), Coalesce(F("dirty_from"), Value(at))), parked_until=None
        )
    return version


def sealed(version: Threshold) -> str:
    """The hash of what a version says, the same before it is stored and after."""
    content = {name: _plain(version, name) for name in LIMIT_COLUMNS}
    return digest({"kpi": version.kpi.code, "number": version.number, **content})


def _plain(version: Threshold, name: str) -> Any:
    value = getattr(version, name)
    if value is None:
        return None
    if name == "revenue_exposed":
        return f"{Decimal(value):.2f}"
    return float(value) if name in FLOATS else value


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


def validate(thing: Kpi | KpiSource | Threshold, *, prefix: str = "") -> None:
    """Raises DomainError `invalid` with the fields by the names people type."""
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
