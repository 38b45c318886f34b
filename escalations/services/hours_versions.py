"""New service hours are drafted and asked for at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import ServiceHours, User
from accounts.services.service_hours import draft_hours
from escalations.models import ChangeRequest
from escalations.services.changes import ask_approval, check_right


@transaction.atomic
def ask_hours(
    hours: ServiceHours,
    values: Mapping[str, Any],
    *,
    effective_from: datetime | None,
    by: User,
    at: datetime,
    reason: str,
) -> ChangeRequest:
    """`values`: zone, weekly, dates, is_always_open, places. Raises what `draft_hours` and
    `ask_approval` raise."""
    check_right("hours", by)
    version = draft_hours(hours, **values, by=by, at=at, reason=reason)
    given = {"reason": reason, "effective_from": effective_from}
    return ask_approval(hours.code, version.number, given, by=by, at=at, kind="hours")
