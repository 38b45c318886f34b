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


@transaction.atomic
def publish_hours(
    hours: ServiceHours,
    *,
    zone: str,
    weekly: Mapping[str, Sequence[Sequence[str]]],
    dates: Mapping[str, Sequence[Sequence[str]]],
    effective_from: datetime,
    by: User,
    at: datetime,
    reason: str,
    is_always_open: bool = False,
    places: Sequence[Mapping[str, Any]] = (),
) -> ServiceHoursVersion:
    """The next version, in effect from `effective_from` on. What runs keeps what it counted
    and counts by the new hours from then on.

    Raises DomainError: `reason_missing`, `effective_in_the_past`, `effective_before_another`,
    or what is wrong with the hours (`never_opens`, `overlapping_windows`, `unknown_zone`, ...).
    """
    if not reason.strip():
        raise field_error("reason", "reason_missing", "Say why the hours change.")
    hours = ServiceHours.objects.select_for_update().get(pk=hours.pk)
    last = hours.versions.aggregate(number=Max("number"), effective=Max("effective_from"))
    if last["number"] and effective_from < at:
        raise field_error(
            "effective_from", "effective_in_the_past", "Hours that passed are not rewritten."
        )
    if last["effective"] and effective_from <= last["effective"]:
        raise Conflict(
            "effective_before_another",
            "Another version takes effect at that time or later: choose a time after it.",
        )
    version = ServiceHoursVersion(
        service_hours=hours,
        number=(last["number"] or 0) + 1,
        zone=zone,
        is_always_open=is_always_open,
        weekly={} if is_always_open else dict(weekly),
        dates=dict(dates),
        places=[dict(place) for place in places],
        effective_from=effective_from,
        # Nothing runs on the first version before it.
        adopt_at=effective_from if last["number"] else None,
    )
    try:
        checked(version.spec, effective_from)
    except CalendarError as error:
        raise DomainError(error.code, error.sentence) from error
    version.weekly = split_at_midnight(version.weekly)
    told(version, by=by, reason=reason).save()
    return version
