"""Who can take an incident: people on call in a team, with the load they carry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Count, Max

from accounts.models import Membership
from escalations.models import Incident, Responder
from escalations.models.incidents import Role
from escalations.rules.policy import Severity
from escalations.rules.routing import Candidate
from escalations.selectors.standby import Standby


def candidates(
    team_id: int, at: datetime, standby: Standby | None = None, also: Iterable[str] = ()
) -> list[Candidate]:
    """Members of the team who are on call in one of its rosters and reachable. `also` are codes
    of rosters that will be asked for next: `standby` reads them together."""
    standby = standby or Standby(at)
    on_call = [standby.on_call(roster) for roster in standby.rosters_of(team_id, also)]
    duties = standby.reachable([person for person in on_call if person is not None])
    memberships = (
        Membership.objects.current(at)
        .filter(team_id=team_id, user__in=duties)
        .values_list("user_id", "capacity", "skills")
    )
    people = [row[0] for row in memberships]
    if not people:
        return []
    loads = open_loads(people)
    last = _last_assigned(people) if len(people) > 1 else {}  # it settles ties
    return [
        Candidate(
            person=user,
            open_by_severity=loads.get(user, {}),
            capacity=capacity,
            skills=frozenset(skills),
            last_assigned_at=last.get(user),
        )
        for user, capacity, skills in memberships
    ]


def _last_assigned(people: Sequence[int]) -> dict[int, datetime | None]:
    rows = Responder.objects.filter(user__in=people, role=Role.COMMANDER).order_by()
    return dict(rows.values_list("user").annotate(last=Max("assigned_at")))


def open_loads(people: Iterable[int]) -> dict[int, dict[Severity, int]]:
    """User id -> open real incidents he or she commands, by severity. One query."""
    loads: dict[int, dict[Severity, int]] = {}
    rows = (
        Incident.objects.real()
        .open()
        .filter(commander__in=list(people))
        .values_list("commander", "severity")
        .annotate(count=Count("number"))
        .order_by()
    )
    for user, severity, count in rows:
        loads.setdefault(user, {})[Severity(severity)] = count
    return loads
