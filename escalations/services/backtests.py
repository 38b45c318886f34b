"""A version is tried on the incidents of 90 days before others are asked to approve it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from config.lib.errors import Conflict
from escalations.models import BackTest, ChangeRequest, PolicyVersion
from escalations.rules.backtests import Result
from escalations.selectors.backtests import backtest
from escalations.selectors.policies import build_doc
from escalations.services.policies import digest

SAID = 5


def guard(version: PolicyVersion, given: Mapping[str, Any], at: datetime) -> Result | None:
    """The back-test. Raises Conflict `less_severe` where a confirmed S1 or S2 would be scored less
    severe than by the version in force; an emergency and a roll-back may."""
    found = backtest(version, at)
    is_free = given.get("is_emergency") or given.get("is_roll_back")
    if found is not None and found.softened_count and not is_free:
        named = ", ".join(
            f"INC-{row.number} {row.before} to {row.after}" for row in found.softened[:SAID]
        )
        raise Conflict(
            "less_severe",
            f"{found.softened_count} of {found.real} confirmed S1 and S2 of 90 days would be less "
            f"severe: {named}. Mend the rules, or ask as an emergency.",
            incidents=[row.number for row in found.softened],
        )
    return found


def keep(
    request: ChangeRequest, version: PolicyVersion, found: Result | None, at: datetime
) -> None:
    """With this round of the request."""
    if found is None:
        return
    BackTest.objects.create(
        request=request,
        round=request.round,
        version=version,
        at=at,
        version_sha256=digest(build_doc(version)),
        is_indicative=found.is_indicative,
        result=found.as_json(),
    )
