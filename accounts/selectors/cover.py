"""Who could cover a gap: people of the same roster first, then of its team, then who plans it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Absence, Membership, Roster, User
from accounts.rules.rosters import Shift
from accounts.selectors.roster_gaps import people_in
from accounts.selectors.roster_shifts import owner_id_of
from accounts.selectors.rosters import person_id, plan_of

OFFERED = 3
NEARBY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Proposal:
    person: User
    why: str


def proposals(
    roster: Roster, gaps: Sequence[Shift], at: datetime, until: datetime
) -> list[tuple[Proposal, ...]]:
    """For each gap at most three reachable people who are not away, the least loaded in the week
    around it first. The same number of queries for one gap and for a hundred."""
    if not gaps:
        return []
    plan = plan_of(roster, at, until, at)
    why: dict[int, tuple[int, str]] = {}
    for pk in people_in(plan):
        why.setdefault(pk, (0, "in this roster"))
    members = Membership.objects.current(at).filter(team=roster.team_id)
    for pk in members.values_list("user", flat=True):
        why.setdefault(pk, (1, "in the team"))
    if (owner := owner_id_of(roster)) is not None:
        why.setdefault(owner, (2, "plans this roster"))
    people = User.objects.filter(pk__in=why, is_active=True).exclude(email="").in_bulk()
    away = list(
        Absence.objects.filter(
            user__in=people, withdrawn_at=None, start_at__lt=until, end_at__gt=at
        ).values_list("user", "start_at", "end_at")
    )
    shifts = plan.shifts(at, until)

    def load(pk: int, gap: Shift) -> float:
        """Hours on duty from a week before the gap until a week after it."""
        first, last = gap.start - NEARBY, gap.end + NEARBY
        mine = [s for s in shifts if person_id(s) == pk and s.start < last and s.end > first]
        spans = (min(s.end, last) - max(s.start, first) for s in mine)
        return sum(span.total_seconds() for span in spans) / 3600

    found = []
    for gap in gaps:
        missing = {user for user, start, end in away if start < gap.end and end > gap.start}
        free = [pk for pk in people if pk not in missing]
        ranked = sorted(free, key=lambda pk: (why[pk][0], load(pk, gap), str(people[pk]), pk))
        found.append(
            tuple(
                Proposal(people[pk], f"{why[pk][1]}, {load(pk, gap):.0f} h on call around then")
                for pk in ranked[:OFFERED]
            )
        )
    return found
