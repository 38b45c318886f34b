"""Who could cover a gap: people of the same roster first, then of its team, then who plans it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Absence, Membership, Roster, User
from accounts.rules.rosters import Shift
from accounts.selectors.contact_methods import reachable
from accounts.selectors.roster_gaps import people_in
from accounts.selectors.roster_shifts import owner_id_of
from accounts.selectors.rosters import Plan, person_id, plans

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
    around it first."""
    return cover_for([(roster, gaps)], at, until)[roster.pk]


def cover_for(
    rosters: Iterable[tuple[Roster, Sequence[Shift]]], at: datetime, until: datetime
) -> dict[int, list[tuple[Proposal, ...]]]:
    """Roster id -> proposals for each of its gaps. The same number of queries for one roster with
    one gap and for a hundred with many."""
    rows = list(rosters)
    open_ = [roster for roster, gaps in rows if gaps]
    if not open_:
        return {roster.pk: [] for roster, _ in rows}
    found = plans(open_, at, until, at)
    members: dict[int, list[int]] = defaultdict(list)
    teams = {roster.team_id for roster in open_}
    for team, pk in (
        Membership.objects.current(at).filter(team__in=teams).values_list("team", "user")
    ):
        members[team].append(pk)
    why = {roster.pk: _why(roster, found[roster.pk], members[roster.team_id]) for roster in open_}
    ids = {pk for reasons in why.values() for pk in reasons}
    people = reachable(User.objects.filter(pk__in=ids)).in_bulk()
    away = list(
        Absence.objects.filter(
            user__in=people, withdrawn_at=None, start_at__lt=until, end_at__gt=at
        ).values_list("user", "start_at", "end_at")
    )
    made = {}
    for roster, gaps in rows:
        reasons = why.get(roster.pk, {})
        free = {pk: people[pk] for pk in reasons if pk in people}
        shifts = found[roster.pk].shifts(at, until) if gaps else []
        made[roster.pk] = [_ranked(gap, free, reasons, shifts, away) for gap in gaps]
    return made


def _why(roster: Roster, plan: Plan, members: Iterable[int]) -> dict[int, tuple[int, str]]:
    """User id -> how near he or she stands to the roster, and the words for it."""
    why: dict[int, tuple[int, str]] = {}
    for pk in people_in(plan):
        why.setdefault(pk, (0, "in this roster"))
    for pk in members:
        why.setdefault(pk, (1, "in the team"))
    if (owner := owner_id_of(roster)) is not None:
        why.setdefault(owner, (2, "plans this roster"))
    return why


def _ranked(
    gap: Shift,
    people: Mapping[int, User],
    why: Mapping[int, tuple[int, str]],
    shifts: Sequence[Shift],
    away: Sequence[tuple[int, datetime, datetime]],
) -> tuple[Proposal, ...]:
    missing = {user for user, start, end in away if start < gap.end and end > gap.start}
    first, last = gap.start - NEARBY, gap.end + NEARBY
    load: dict[int, float] = defaultdict(float)  # hours, from a week before until a week after
    for shift in shifts:
        if (pk := person_id(shift)) is not None and shift.start < last and shift.end > first:
            load[pk] += (min(shift.end, last) - max(shift.start, first)) / timedelta(hours=1)
    free = [pk for pk in people if pk not in missing]
    ranked = sorted(free, key=lambda pk: (why[pk][0], load[pk], str(people[pk]), pk))
    return tuple(
        Proposal(people[pk], f"{why[pk][1]}, {load[pk]:.0f} h on call around then")
        for pk in ranked[:OFFERED]
    )
