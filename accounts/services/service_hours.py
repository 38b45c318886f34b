"""Service hours are never edited: a change is a new version with its own beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.models import ServiceHours, ServiceHoursVersion, User
from accounts.rules.hours_checks import checked, split_at_midnight
from accounts.rules.service_hours import CalendarError
from config.lib.errors import Conflict, DomainError, field_error
from config.lib.history import told
from config.lib.versions import DECIDING, digest

CONTENT = ("zone", "is_always_open", "weekly", "dates", "places")


@transaction.atomic
def publish_hours(
    hours: ServiceHours,
    *,
    zone: str,
    weekly: Mapping[str, Sequence[Sequence[str]]],
    dates: Mapping[str, Sequence[Sequence[str]]],
    effective_from: datetime,
    by: User | None,
    at: datetime,
    reason: str,
    is_always_open: bool = False,
    places: Sequence[Mapping[str, Any]] = (),
) -> ServiceHoursVersion:
    """The next version, in effect from `effective_from` on, without anybody's approval: for
    installations, the demo and tests. Pages go by requests (escalations.services.changes). What
    runs keeps what it counted and counts by the new hours from then on.

    Raises DomainError: `reason_missing`, `effective_in_the_past`, `effective_before_another`,
    or what is wrong with the hours (`never_opens`, `overlapping_windows`, `unknown_zone`, ...).
    """
    hours = _locked(hours, reason)
    last = hours.versions.aggregate(effective=Max("effective_from"))["effective"]
    if last and effective_from < at:
        raise field_error(
            "effective_from", "effective_in_the_past", "Hours that passed are not rewritten."
        )
    if last and effective_from <= last:
        raise Conflict(
            "effective_before_another",
            "Another version takes effect at that time or later: choose a time after it.",
        )
    said: dict[str, Any] = {"zone": zone, "weekly": weekly, "dates": dates, "places": places}
    version = _next(hours, effective_from, is_always_open=is_always_open, **said)
    return take_effect(version, by=by, at=effective_from, reason=reason)


@transaction.atomic
def draft_hours(
    hours: ServiceHours,
    *,
    zone: str,
    weekly: Mapping[str, Sequence[Sequence[str]]],
    dates: Mapping[str, Sequence[Sequence[str]]],
    by: User | None,
    at: datetime,
    reason: str,
    is_always_open: bool = False,
    places: Sequence[Mapping[str, Any]] = (),
) -> ServiceHoursVersion:
    """The next version, as a draft that others are asked to approve. Raises as `publish_hours`, but
    for what it says of the beginning."""
    hours = _locked(hours, reason)
    said: dict[str, Any] = {"zone": zone, "weekly": weekly, "dates": dates, "places": places}
    version = _next(hours, at, is_always_open=is_always_open, **said)
    version.note = reason[:500]
    told(version, by=by, reason=reason, at=at).save()
    return version


def copy_hours(
    version: ServiceHoursVersion, *, by: User | None, at: datetime, note: str
) -> ServiceHoursVersion:
    """The next draft, which says what this version says."""
    said = {name: getattr(version, name) for name in CONTENT}
    return draft_hours(version.service_hours, by=by, at=at, reason=note, **said)


def check_hours(version: ServiceHoursVersion, at: datetime) -> None:
    """Raises DomainError with what is wrong with the hours."""
    try:
        checked(version.spec, at)
    except CalendarError as error:
        raise DomainError(error.code, error.sentence) from error


def take_effect(
    version: ServiceHoursVersion, *, by: User | None, at: datetime, reason: str
) -> ServiceHoursVersion:
    """Counts from `at` on; what runs takes it over then. The caller holds its lock, or has just
    made it. Raises Conflict `already_published`."""
    if version.state in DECIDING:
        raise Conflict("already_published", "This version was in force already.")
    ServiceHours.objects.select_for_update().get(pk=version.service_hours_id)
    others = ServiceHoursVersion.objects.filter(service_hours=version.service_hours_id)
    has_others = others.filter(state__in=DECIDING).exists()
    for before in others.filter(state="in_force"):
        before.state, before.retired_at = "retired", at
        told(before, by=by, reason=f"Version {version.number} is in force.").save()
    version.state, version.effective_from, version.published_by = "in_force", at, by
    version.sha256 = sealed(version)
    version.adopt_at = at if has_others else None  # nothing runs on the first version before it
    told(version, by=by, reason=reason).save()
    return version


def sealed(version: ServiceHoursVersion) -> str:
    """The hash of what it says."""
    content = {name: getattr(version, name) for name in CONTENT}
    return digest({"hours": version.service_hours.code, "number": version.number, **content})


def _locked(hours: ServiceHours, reason: str) -> ServiceHours:
    if not reason.strip():
        raise field_error("reason", "reason_missing", "Say why the hours change.")
    return ServiceHours.objects.select_for_update().get(pk=hours.pk)


def _next(
    hours: ServiceHours,
    at: datetime,
    *,
    zone: str,
    weekly: Mapping[str, Any],
    dates: Mapping[str, Any],
    places: Sequence[Mapping[str, Any]],
    is_always_open: bool,
) -> ServiceHoursVersion:
    """Not stored yet. Raises DomainError with what is wrong with it."""
    version = ServiceHoursVersion(
        service_hours=hours,
        number=(hours.versions.aggregate(last=Max("number"))["last"] or 0) + 1,
        zone=zone,
        is_always_open=is_always_open,
        weekly={} if is_always_open else dict(weekly),
        dates=dict(dates),
        places=[dict(place) for place in places],
    )
    check_hours(version, at)
    version.weekly = split_at_midnight(version.weekly)
    return version
