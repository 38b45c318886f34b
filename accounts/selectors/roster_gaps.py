"""Times ahead in which a roster names nobody, as the rosters stand now; and what else is weak."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from accounts.models import Roster, User
from accounts.rules.rosters import UNKNOWN, Shift
from accounts.selectors.rosters import Plan, plans

AHEAD = timedelta(days=60)
SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class RosterGaps:
    """`start` and `end` are of the first gap; `count` of all."""

    roster_id: int
    code: str
    name: str
    count: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Outlook:
    """What lies ahead of one roster: only what is still to come counts."""

    roster: Roster
    gaps: tuple[Shift, ...]
    warnings: tuple[str, ...] = field(default=())


def roster_gaps(at: datetime) -> tuple[RosterGaps, ...]:
    """Rosters with a gap in the next 14 days, the nearest first. Counted once a minute."""
    return _gaps(at.replace(second=0, microsecond=0))


@lru_cache(maxsize=1)
def _gaps(at: datetime) -> tuple[RosterGaps, ...]:
    """Seven queries, whatever the number of rosters."""
    found = []
    for outlook in outlooks(Roster.objects.all(), at, SOON, with_warnings=False):
        if outlook.gaps:
            first, roster = outlook.gaps[0], outlook.roster
            found.append(
                RosterGaps(
                    roster.pk,
                    roster.code,
                    roster.name,
                    len(outlook.gaps),
                    first.start,
                    first.end,
                )
            )
    return tuple(sorted(found, key=lambda gap: (gap.start, gap.name)))


def outlooks(
    rosters: Iterable[Roster],
    at: datetime,
    ahead: timedelta = AHEAD,
    *,
    with_warnings: bool = True,
) -> list[Outlook]:
    """Gaps from `at` on and, in one more query, warnings. Seven queries, or eight."""
    rows = list(rosters)
    found = plans(rows, at, at + ahead, at)
    people: dict[int, User] = {}
    if with_warnings:
        people = User.objects.in_bulk({p for plan in found.values() for p in people_in(plan)})
    return [
        Outlook(
            roster,
            gaps_in(found[roster.pk], at, at + ahead),
            warnings_of(found[roster.pk], people) if with_warnings else (),
        )
        for roster in rows
    ]


def gaps_in(plan: Plan, start: datetime, end: datetime) -> tuple[Shift, ...]:
    """Gaps, touching ones joined. In part because somebody is away: that is its source."""
    found: list[Shift] = []
    for shift in plan.shifts(start, end):
        if not shift.duty.is_gap:
            continue
        if found and found[-1].end == shift.start:
            duty = shift.duty if found[-1].source == "gap" else found[-1].duty
            found[-1] = Shift(found[-1].start, shift.end, duty)
        else:
            found.append(shift)
    return tuple(found)


def why_gap(gap: Shift) -> str:
    """Said in the same words on pages and by the API."""
    if gap.source == UNKNOWN:
        return "Nobody fits the name in the calendar file."
    return "Nobody is planned." if gap.source == "gap" else "Whoever would answer is away."


def people_in(plan: Plan) -> list[int]:
    """User ids named in the version in force or yet to come, in their order."""
    ids = [
        int(str(person))
        for stretch in plan.stretches[-2:]
        for layer in stretch.layers
        for person in layer.people
    ]
    return list(dict.fromkeys(ids))


def warnings_of(plan: Plan, people: dict[int, User]) -> tuple[str, ...]:
    """What weakens a roster though it may have no gap: one person, or people nobody reaches."""
    named = [people[pk] for pk in people_in(plan) if pk in people]
    said = []
    if not named:
        return ("Nobody is named in it.",)
    if len([person for person in named if person.is_active]) == 1:
        said.append("Only one person is in it: nobody takes over.")
    for person in named:
        if not person.is_active:
            said.append(f"{person} is deactivated and still named in it.")
        elif not person.is_reachable:
            said.append(f"{person} has no working way to be reached.")
    return tuple(said)
