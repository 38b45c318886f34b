"""Reads of KPIs and of what their segments are in now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import itemgetter

from django.db.models import QuerySet

from config.lib.rows import tuples
from config.lib.versions import DECIDING
from escalations.models import KpiState, Threshold

# (kpi id, version id, updated at) -> the version; the time tells a row apart from another that
# got the same id after a rollback.
_versions: dict[tuple[int, int, datetime], Threshold] = {}
MOST_CACHED = 20_000
KEY = ("kpi", "id", "updated_at")


def states_without_data(at: datetime) -> QuerySet[KpiState]:
    """Live states whose next reading is overdue at `at`, longest first."""
    return (
        KpiState.objects.filter(no_data_due_at__lte=at)
        .select_related("kpi")
        .order_by("no_data_due_at")
    )


def versions_of(kpi_ids: Iterable[int]) -> dict[int, list[Threshold]]:
    """Threshold versions that judge, by KPI, earliest first. They never change: each is read
    once."""
    rows = tuples(Threshold, ("effective_from", "state", *KEY), kpi_ids, among="kpi")
    decided = [row for row in rows if row[0] is not None and row[1] in DECIDING]
    keys = [row[2:] for row in sorted(decided, key=itemgetter(0))]
    if missing := [key for key in keys if key not in _versions]:
        if len(_versions) > MOST_CACHED:
            _versions.clear()
            missing = keys
        for version in Threshold.objects.filter(pk__in=[pk for _, pk, _ in missing]):
            _versions[version.kpi_id, version.pk, version.updated_at] = version
    found: dict[int, list[Threshold]] = {}
    for key in keys:
        found.setdefault(key[0], []).append(_versions[key])
    return found


def judging(versions: Iterable[Threshold]) -> list[Threshold]:
    """Of all versions of a KPI those that decide or have decided, earliest first."""
    found = [version for version in versions if version.state in DECIDING]
    return sorted(found, key=lambda version: version.since)


def version_at(versions: list[Threshold], at: datetime) -> Threshold:
    """The version in force at `at`; readings older than the first are judged by the first."""
    for version in reversed(versions):
        if version.since <= at:
            return version
    return versions[0]


def silence_allowed(grain_s: int, version: Threshold) -> timedelta:
    """How long after its last reading a live KPI of this grain counts as without data: M grains +
    allowance."""
    allowance = 2 * grain_s if version.lateness_s is None else version.lateness_s
    return timedelta(seconds=grain_s * version.m + allowance)
