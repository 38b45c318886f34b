"""Who can take an incident: people on call in a team, with the load they carry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from config.lib.statements import ask, marks, moment, words
from escalations.rules.lifecycle import OPEN_STATES
from escalations.rules.policy import Severity
from escalations.rules.routing import Candidate
from escalations.selectors.standby import Standby

# Both run with every signal that opens, each over an index made for it.
ON_HAND = f"WHERE drill_id IS NULL AND state IN {words(OPEN_STATES)}"
LOADS = f"SELECT commander_id, severity, COUNT(*) FROM escalations_incident {ON_HAND}"  # noqa: S608
LAST_ASSIGNED = (
    "(SELECT assigned_at FROM escalations_responder WHERE user_id = %s AND role = 'commander'"
    " ORDER BY assigned_at DESC LIMIT 1)"
)


def candidates(
    team_id: int, at: datetime, standby: Standby | None = None, also: Iterable[str] = ()
) -> list[Candidate]:
    """Members of the team who are on call in one of its rosters and reachable. `also` are codes
    of rosters that will be asked for next: `standby` reads them together."""
    standby = standby or Standby(at)
    on_call = [standby.on_call(roster) for roster in standby.rosters_of(team_id, also)]
    duties = standby.reachable([person for person in on_call if person is not None])
    memberships = [row for row in standby.members(team_id) if row[0] in duties]
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
    """One query; of each only the newest entry of the index is looked at."""
    text = f"SELECT {', '.join([LAST_ASSIGNED] * len(people))}"
    (found,) = ask(text, people)
    return dict(zip(people, map(moment, found), strict=True))


def open_loads(people: Iterable[int]) -> dict[int, dict[Severity, int]]:
    """User id -> open real incidents he or she commands, by severity. One query."""
    loads: dict[int, dict[Severity, int]] = {}
    people = list(people)
    text = f"{LOADS} AND commander_id IN {marks(people)} GROUP BY commander_id, severity"
    for user, severity, count in ask(text, people) if people else ():
        loads.setdefault(user, {})[Severity(severity)] = count
    return loads
