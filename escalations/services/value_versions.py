"""Another rubric of account value is drafted and asked for at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User, ValueRubric
from accounts.services.value_rubrics import CODE, draft_rubric, ensure_value_rubric
from escalations.models import ChangeRequest
from escalations.services.changes import ask_approval, check_right


@transaction.atomic
def draft_value(values: Mapping[str, Any], *, by: User, at: datetime, note: str) -> Any:
    """The next version: what is in force, with `values`. Raises DomainError 403 `missing_right` and
    what `draft_rubric` raises."""
    check_right("account_value", by)
    ensure_value_rubric(at)
    return draft_rubric(ValueRubric.objects.get(code=CODE), values, by=by, at=at, note=note)


@transaction.atomic
def ask_value(
    values: Mapping[str, Any],
    *,
    effective_from: datetime | None,
    by: User,
    at: datetime,
    reason: str,
) -> ChangeRequest:
    """Raises what `draft_value` and `ask_approval` raise."""
    version = draft_value(values, by=by, at=at, note=reason)
    given = {"reason": reason, "effective_from": effective_from}
    return ask_approval(CODE, version.number, given, by=by, at=at, kind="account_value")
