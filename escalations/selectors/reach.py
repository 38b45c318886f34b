"""Whom ladder targets mean at one instant, asked once for a whole batch of incidents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from escalations.models import Incident
from escalations.rules.ladder_reach import Quiet
from escalations.rules.limits import Limits
from escalations.rules.policy import LadderTarget, Level, Severity, TargetKind
from escalations.selectors.ladders import (
    LOOK_EVERY_S,
    innermost,
    next_look,
    quiet_for,
    resolver,
)


class Reach:
    """Of one instant: who is on call, who sleeps and when a roster changes hands is the same for
    every incident; only the roles on an incident are its own. Lives as long as its transaction."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._meant: dict[tuple[LadderTarget, datetime], tuple[int, ...]] = {}
        self._quiet: dict[tuple[Severity, Limits], Quiet] = {}
        self._looks: dict[tuple[Level, datetime, datetime], datetime | None] = {}

    def resolver(self, incident: Incident) -> Callable[[LadderTarget, datetime], tuple[int, ...]]:
        own = resolver(incident)

        def resolve(target: LadderTarget, at: datetime) -> tuple[int, ...]:
            if innermost(target).kind is TargetKind.ROLE:
                return own(target, at)
            if (target, at) not in self._meant:
                self._meant[target, at] = own(target, at)
            return self._meant[target, at]

        return resolve

    def quiet(self, severity: Severity, limits: Limits) -> Quiet:
        key = (severity, limits)
        if key not in self._quiet:
            self._quiet[key] = quiet_for(severity, limits)
        return self._quiet[key]

    def look(self, level: Level, at: datetime, until: datetime) -> datetime | None:
        # A wait that lasts longer than the next look does not change the answer.
        until = min(until, at + timedelta(seconds=max(LOOK_EVERY_S, level.ack_timeout_s // 5) + 1))
        key = (level, at, until)
        if key not in self._looks:
            self._looks[key] = next_look(level, at, until)
        return self._looks[key]
