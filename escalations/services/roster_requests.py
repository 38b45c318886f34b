"""Other rules of a roster are drafted and asked for at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import Roster, User
from accounts.services.roster_plans import draft_plan
from accounts.services.roster_versions import NewLayer
from escalations.models import ChangeRequest
from escalations.services.changes import ask_approval


@transaction.atomic
def ask_roster(
    roster: Roster,
    layers: Sequence[NewLayer],
    *,
    by: User,
    at: datetime,
    reason: str,
    fallback: User | None = None,
    accept_gaps: bool = False,
    not_before: datetime | None = None,
) -> ChangeRequest:
    """Raises what `draft_plan` and `ask_approval` raise."""
    plan = draft_plan(
        roster,
        layers,
        by=by,
        at=at,
        note=reason,
        fallback=fallback,
        accept_gaps=accept_gaps,
        not_before=not_before,
    )
    given = {"reason": reason, "effective_from": not_before}
    return ask_approval(roster.code, plan.number, given, by=by, at=at, kind="roster")
