"""Whom ladder targets mean at one instant, asked once for a whole batch of incidents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cached_property

from escalations.models import Incident, Responder
from escalations.rules.ladder_reach import Quiet
from escalations.rules.limits import Limits
from escalations.rules.policy import LadderTarget, Level, Severity, TargetKind
from escalations.selectors.ladders import (
    LOOK_EVERY_S,
    innermost,
    next_look,
    quiet_for,
    reachable,
    resolver,
)


class Reach:
    """Of one instant: who is on call, who sleeps and when a roster changes hands is the same for
    every incident; only the roles on an incident are its own. Lives as long as its transaction."""

    def __init__(self, at: datetime, incidents: Iterable[Incident]) -> None:
        self.at = at
        self._incidents = [incident.pk for incident in incidents]
        self._meant: dict[tuple[LadderTarget, datetime], tuple[int, ...]] = {}
        self._reachable: dict[int, bool] = {}
        self._quiet: dict[tuple[Severity, Limits], Quiet] = {}
        self._looks: dict[tuple[Level, datetime, datetime], datetime | None] = {}

    def resolver(self, incident: Incident) -> Callable[[LadderTarget, datetime], tuple[int, ...]]:
        own = resolver(incident)

        def resolve(target: LadderTarget, at: datetime) -> tuple[int, ...]:
            if target.kind is TargetKind.ROLE:
                return self._in_role(incident, target.ref)
            if innermost(target).kind is TargetKind.ROLE:
                return own(target, at)
            if (target, at) not in self._meant:
                self._meant[target, at] = own(target, at)
            return self._meant[target, at]

        return resolve

    def _in_role(self, incident: Incident, role: str) -> tuple[int, ...]:
        people = list(self._responders[incident.pk, role])
        if role == "sponsor" and incident.account and incident.account.sponsor_id:
            people.append(incident.account.sponsor_id)
        unknown = [person for person in people if person not in self._reachable]
        if unknown:
            there = set(reachable(unknown))
            self._reachable.update((person, person in there) for person in unknown)
        return tuple(dict.fromkeys(person for person in people if self._reachable[person]))

    @cached_property
    def _responders(self) -> dict[tuple[int, str], list[int]]:
        found: dict[tuple[int, str], list[int]] = defaultdict(list)
        rows = Responder.objects.filter(incident__in=self._incidents, ended_at=None)
        for number, role, person in rows.values_list("incident_id", "role", "user_id"):
            found[number, role].append(person)
        return found

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
