"""Which calendar counts, and the calendar itself, built once per version and process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from accounts.models import ServiceHoursVersion
from accounts.rules.service_hours import ALWAYS, Calendar
from config.lib.versions import DECIDING


def version_at(service_hours_id: int | None, at: datetime) -> ServiceHoursVersion | None:
    """The version in effect at `at`; the first one before any is. One query."""
    if service_hours_id is None:
        return None
    versions = ServiceHoursVersion.objects.filter(
        service_hours_id=service_hours_id, state__in=DECIDING
    )
    return (
        versions.filter(effective_from__lte=at).order_by("-effective_from").first()
        or versions.order_by("effective_from").first()
    )


def versions_of(service_hours_id: int) -> list[ServiceHoursVersion]:
    """All versions that decide, or did, in order, without what they say. One query."""
    rows = ServiceHoursVersion.objects.filter(service_hours_id=service_hours_id, state__in=DECIDING)
    return list(rows.defer("weekly", "dates", "places").order_by("effective_from"))


def version_among(
    versions: Sequence[ServiceHoursVersion], at: datetime
) -> ServiceHoursVersion | None:
    """As `version_at`, out of what `versions_of` read."""
    begun = [version for version in versions if version.since <= at]
    return begun[-1] if begun else next(iter(versions), None)


@lru_cache(maxsize=256)
def _calendar(version_id: int) -> Calendar:
    return Calendar.of(ServiceHoursVersion.objects.get(pk=version_id).spec)


def calendar_of(version_id: int | None) -> Calendar:
    """What it says never changes, so its calendar is cached for ever. None: around the clock."""
    return ALWAYS if version_id is None else _calendar(version_id)
