"""The list of rosters and what stands around the week of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Absence, CalendarFeed, Override, Roster, Swap, User
from accounts.models.swaps import SwapState
from accounts.rules.rosters import Shift
from accounts.selectors.cover import Proposal, cover_for, proposals
from accounts.selectors.roster_gaps import AHEAD, gaps_in, people_in, warnings_of, why_gap
from accounts.selectors.roster_shifts import (
    ShiftRef,
    edits_roster,
    layer_shifts,
    plans_roster,
    serves_in,
)
from accounts.selectors.rosters import person_id, plan_of, plans

SHOWN = 12


@dataclass(frozen=True, slots=True)
class RosterRow:
    roster: Roster
    person: User | None
    until: datetime | None
    following: User | None
    gaps: int
    first_gap: Shift | None
    warnings: tuple[str, ...]
    is_mine: bool


def roster_rows(rosters: Iterable[Roster], viewer: User, at: datetime) -> list[RosterRow]:
    """Who is on call now and what lies ahead, of each. Seven queries."""
    rows = list(rosters)
    found = plans(rows, at, at + AHEAD, at)
    ahead = {pk: plan.shifts(at, at + AHEAD) for pk, plan in found.items()}
    ids = {p for shifts in ahead.values() for s in shifts[:2] if (p := person_id(s)) is not None}
    ids |= {p for plan in found.values() for p in people_in(plan)}
    people = User.objects.in_bulk(ids)
    made = []
    for roster in rows:
        plan, shifts = found[roster.pk], ahead[roster.pk]
        now, then = shifts[0], shifts[1] if len(shifts) > 1 else None
        gaps = gaps_in(plan, at, at + AHEAD)
        made.append(
            RosterRow(
                roster=roster,
                person=_named(people, now),
                until=now.end if then else None,
                following=_named(people, then) if then else None,
                gaps=len(gaps),
                first_gap=gaps[0] if gaps else None,
                warnings=warnings_of(plan, people),
                is_mine=viewer.pk in people_in(plan),
            )
        )
    return made


@dataclass(frozen=True, slots=True)
class Gap:
    start: datetime
    end: datetime
    why: str
    proposals: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True)
class OpenGaps:
    """What is open in one roster. `left` are people who are named in it and have left."""

    roster: Roster
    gaps: tuple[Gap, ...]
    more_gaps: int
    left: tuple[User, ...]


def open_gaps(rosters: Iterable[Roster], viewer: User, at: datetime) -> list[OpenGaps]:
    """Rosters with gaps in the next 60 days or with people who left, the nearest gap first. The
    same number of queries for any number of rosters."""
    until, rows = at + AHEAD, list(rosters)
    found = plans(rows, at, until, at)
    gaps = {roster.pk: gaps_in(found[roster.pk], at, until) for roster in rows}
    offered = cover_for([(roster, gaps[roster.pk][:SHOWN]) for roster in rows], at, until)
    named = User.objects.filter(is_active=False).in_bulk(
        {p for plan in found.values() for p in people_in(plan)}
    )
    made = []
    for roster in rows:
        mine, may_plan = gaps[roster.pk], plans_roster(viewer, roster)
        left = tuple(named[pk] for pk in people_in(found[roster.pk]) if pk in named)
        if mine or left:
            shown = zip(mine, offered[roster.pk], strict=False)
            made.append(
                OpenGaps(
                    roster,
                    tuple(_gap(gap, each, viewer, may_plan) for gap, each in shown),
                    max(len(mine) - SHOWN, 0),
                    left,
                )
            )
    return sorted(made, key=lambda row: (row.gaps[0].start if row.gaps else until, row.roster.name))


def _gap(gap: Shift, offered: tuple[Proposal, ...], viewer: User, may_plan: bool) -> Gap:
    shown = offered if may_plan else _own(offered, viewer)
    return Gap(gap.start, gap.end, why_gap(gap), shown)


@dataclass(frozen=True, slots=True)
class SwapRow:
    swap: Swap
    gives: ShiftRef | None
    takes: ShiftRef | None
    may_answer: bool
    may_withdraw: bool


@dataclass(frozen=True, slots=True)
class RosterAround:
    """`mine` and `theirs` are shifts one could swap; rights say which forms to draw."""

    person: User | None
    until: datetime | None
    gaps: tuple[Gap, ...]
    more_gaps: int
    warnings: tuple[str, ...]
    stand_ins: list[Override]
    absences: list[Absence]
    swaps: list[SwapRow]
    mine: list[ShiftRef]
    theirs: list[tuple[ShiftRef, User]]
    people: list[User]
    feed: CalendarFeed | None
    may_plan: bool
    may_edit: bool
    may_serve: bool


def around(roster: Roster, viewer: User, at: datetime) -> RosterAround:
    """What lies ahead of one roster and what this reader may do. About 20 queries, whatever the
    number of gaps, swaps and people."""
    until = at + AHEAD
    plan = plan_of(roster, at, until, at)
    now, *rest = plan.shifts(at, until)
    gaps = gaps_in(plan, at, until)
    offered = proposals(roster, gaps[:SHOWN], at, until)
    refs = layer_shifts(plan, at, until)
    named = people_in(plan)
    people = User.objects.in_bulk({*named, *(ref.person for ref in refs), person_id(now) or 0})
    may_plan = plans_roster(viewer, roster)
    may_serve = may_plan or serves_in(viewer, roster, plan, at)
    return RosterAround(
        person=_named(people, now),
        until=now.end if rest else None,
        gaps=tuple(
            _gap(gap, each, viewer, may_plan) for gap, each in zip(gaps, offered, strict=False)
        ),
        more_gaps=max(len(gaps) - SHOWN, 0),
        warnings=warnings_of(plan, people),
        stand_ins=list(
            Override.objects.filter(roster=roster, withdrawn_at=None, swap=None, end_at__gt=at)
            .select_related("user", "recorded_by")
            .order_by("start_at")[:SHOWN]
        ),
        absences=list(
            Absence.objects.filter(user__in=named, withdrawn_at=None, end_at__gt=at)
            .select_related("user", "user__manager")
            .order_by("start_at")[:SHOWN]
        ),
        swaps=_swaps(roster, refs, viewer, may_plan),
        mine=[ref for ref in refs if ref.person == viewer.pk][:SHOWN],
        theirs=[(ref, people[ref.person]) for ref in refs if ref.person != viewer.pk][: 2 * SHOWN],
        people=_choices(roster, viewer, people, may_plan),
        feed=CalendarFeed.objects.filter(user=viewer, roster=roster, revoked_at=None).first(),
        may_plan=may_plan,
        may_edit=edits_roster(viewer, roster),
        may_serve=may_serve,
    )


def _own(offered: tuple[Proposal, ...], viewer: User) -> tuple[Proposal, ...]:
    """Who does not plan the roster may only offer themselves."""
    return tuple(each for each in offered if each.person.pk == viewer.pk)


def _choices(roster: Roster, viewer: User, people: dict[int, User], may_plan: bool) -> list[User]:
    if not may_plan:
        return [viewer]
    members = User.objects.filter(memberships__team=roster.team_id, memberships__valid_to=None)
    found = {person.pk: person for person in (*people.values(), *members, viewer)}
    return sorted((p for p in found.values() if p.is_reachable), key=str)


def _swaps(roster: Roster, refs: list[ShiftRef], viewer: User, may_plan: bool) -> list[SwapRow]:
    known = {ref.key: ref for ref in refs}
    rows = roster.swaps.filter(state__in=[SwapState.ASKED, SwapState.ACCEPTED])
    found = []
    for swap in rows.select_related("asked_by", "partner"):
        gives = known.get(f"{swap.give_layer}.{swap.give_number}")
        takes = known.get(f"{swap.take_layer}.{swap.take_number}")
        if gives is None and takes is None:
            continue  # both are over
        is_asked = swap.state == SwapState.ASKED
        own = (swap.asked_by_id,) if is_asked else (swap.asked_by_id, swap.partner_id)
        found.append(
            SwapRow(
                swap,
                gives,
                takes,
                may_answer=is_asked and viewer.pk == swap.partner_id,
                may_withdraw=bool(gives and takes) and (may_plan or viewer.pk in own),
            )
        )
    return found[:SHOWN]


def _named(people: dict[int, User], shift: Shift) -> User | None:
    pk = person_id(shift)
    return None if pk is None else people.get(pk)


def visible_rosters() -> list[Roster]:
    """Everybody with a role sees every roster: at night one must know whom to call."""
    return list(Roster.objects.select_related("team", "owner"))
