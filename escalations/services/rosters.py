"""What rosters tell people: gaps ahead to who plans them, swaps to the two who swap.

A notice carries a key of what it says, so looking twice tells once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from accounts.models import GapTold, Override, Roster, RosterVersion, Swap, User
from accounts.models.swaps import SwapState
from accounts.rules.gaps import stage_of
from accounts.rules.rosters import Shift
from accounts.selectors.roster_gaps import Outlook, outlooks
from accounts.selectors.roster_shifts import owner_id_of
from accounts.services.rosters import rosters_naming
from config.lib.queue import enqueue
from escalations.models import Notice
from escalations.models.notices import NoticeKind
from escalations.services.addressing import Ways
from escalations.services.recorder import DELIVER
from escalations.services.review_moves import duty_managers

SAID = 10  # gaps in one message


@transaction.atomic
def look_ahead(rosters: Iterable[Roster], at: datetime) -> int:
    """Tell of gaps that reached a stage; returns the number of notices written."""
    rows = list(rosters)
    # Two looks at once would both tell.
    list(Roster.objects.filter(pk__in=[row.pk for row in rows]).select_for_update().order_by("pk"))
    notices: list[Notice] = []
    for outlook in outlooks(rows, at, with_warnings=False):
        for stage, gaps in sorted(_fresh(outlook, at).items()):
            people = owners_of(outlook.roster)
            notices += [_of_gaps(each, outlook.roster, stage, gaps, at) for each in people]
    return _write(notices)


@transaction.atomic
def tell_of_leaver(person: User, at: datetime) -> int:
    """Who plans a roster that named `person` hears at once which times stay open. These gaps count
    as told at the stage they have reached."""
    rows = rosters_naming(person)
    list(Roster.objects.filter(pk__in=[row.pk for row in rows]).select_for_update().order_by("pk"))
    notices: list[Notice] = []
    for outlook in outlooks(rows, at, with_warnings=False) if person.left_at else ():
        _fresh(outlook, at)
        for owner in owners_of(outlook.roster):
            notices.append(_of_leaver(owner, person, outlook, at))
    return _write(notices)


def owners_of(roster: Roster) -> list[User]:
    """Who plans the roster; if nobody reachable does, the duty managers."""
    owner = owner_id_of(roster)
    found = [] if owner is None else list(User.objects.filter(pk=owner))
    return [person for person in found if person.is_reachable] or duty_managers()


@transaction.atomic
def tell_of_swap(swap: Swap, at: datetime) -> int:
    """The one asked hears of the question, the one who asked of the answer, both of its end."""
    halves = Override.objects.filter(swap=swap).order_by("start_at")
    times = [f"{half.instead_of}: {_span(half.start_at, half.end_at)}." for half in halves]
    both = [swap.asked_by, swap.partner]
    words = {
        SwapState.ASKED: ([swap.partner], f"{swap.asked_by} asks you to swap shifts"),
        SwapState.ACCEPTED: ([swap.asked_by], f"{swap.partner} accepted your swap"),
        SwapState.DECLINED: ([swap.asked_by], f"{swap.partner} declined your swap"),
        SwapState.WITHDRAWN: (both, "A swap was withdrawn"),
        SwapState.LAPSED: (both, "A swap ended: the roster changed"),
    }
    people, headline = words[SwapState(swap.state)]
    lines = (*times, *((swap.reason,) if swap.reason else ()))
    return _write(
        [
            _notice(
                person,
                f"swap:{swap.pk}:{swap.state}:{person.pk}",
                f"{headline}: {swap.roster.name}",
                lines,
                swap.roster,
                at,
                why="you are one of the two",
            )
            for person in people
            if person.is_reachable
        ]
    )


def _fresh(outlook: Outlook, at: datetime) -> dict[int, list[Shift]]:
    """Stage -> gaps that were not told of at it. What a version says is meant so is no news;
    somebody away always is."""
    roster, known = outlook.roster, GapTold.objects.filter(roster=outlook.roster)
    known.filter(start_at__gt=at).exclude(start_at__in=[g.start for g in outlook.gaps]).delete()
    meant = _meant_from(roster) if outlook.gaps else []
    told = set(known.filter(start_at__gt=at).values_list("start_at", "stage"))
    found: dict[int, list[Shift]] = {}
    for gap in outlook.gaps:
        stage = stage_of(gap.start, at)
        in_force = [accepts for begins, accepts in meant if begins <= gap.start]
        is_meant = bool(in_force) and in_force[-1] and gap.source == "gap"
        if stage is not None and not is_meant and (gap.start, stage) not in told:
            found.setdefault(stage, []).append(gap)
    GapTold.objects.bulk_create(
        GapTold(roster=roster, start_at=gap.start, stage=stage, told_at=at)
        for stage, gaps in found.items()
        for gap in gaps
    )
    return found


def _meant_from(roster: Roster) -> list[tuple[datetime, bool]]:
    rows = RosterVersion.objects.filter(roster=roster, withdrawn_at=None)
    return list(rows.order_by("effective_from").values_list("effective_from", "accepts_gaps"))


def _of_gaps(
    person: User, roster: Roster, stage: int, gaps: Sequence[Shift], at: datetime
) -> Notice:
    lines = [f"{_span(gap.start, gap.end, person)}." for gap in gaps[:SAID]]
    if len(gaps) > SAID:
        lines.append(f"And {len(gaps) - SAID} more.")
    when = "within a day" if stage == 1 else f"within {stage} days"
    key = f"gap:{roster.pk}:{person.pk}:{stage}:{at.timestamp():.6f}"
    headline = f"Nobody is on call {when}: {roster.name}"
    return _notice(person, key, headline, lines, roster, at, why="you plan this roster")


def _of_leaver(owner: User, person: User, outlook: Outlook, at: datetime) -> Notice:
    roster, gaps = outlook.roster, outlook.gaps
    lines = [f"Nobody answers {_span(gap.start, gap.end, owner)}." for gap in gaps[:SAID]]
    if len(gaps) > SAID:
        lines.append(f"And {len(gaps) - SAID} more.")
    lines.append(
        "Proposals for each are waiting to be accepted."
        if gaps
        else "Others answer for now: nobody is missing in the next 60 days."
    )
    left = person.left_at.timestamp() if person.left_at else 0
    return _notice(
        owner,
        f"left:{roster.pk}:{owner.pk}:{person.pk}:{left:.6f}",
        f"{person} left: {roster.name}",
        lines,
        roster,
        at,
        why="you plan this roster",
        path="/rosters/gaps/" if gaps else "",
    )


def _span(start: datetime, end: datetime, person: User | None = None) -> str:
    zone = ZoneInfo(person.time_zone) if person else UTC
    first, last = start.astimezone(zone), end.astimezone(zone)
    name = person.time_zone if person else "UTC"
    return f"{first:%a %d %b %Y %H:%M} to {last:%a %d %b %H:%M} ({name})"


def _notice(
    person: User,
    key: str,
    headline: str,
    lines: Sequence[str],
    roster: Roster,
    at: datetime,
    why: str,
    path: str = "",
) -> Notice:
    text = (headline, *lines, "", f"Why you got this: {why}.", "")
    link = f"Open it: {settings.BASE_URL}{path or f'/rosters/{roster.code}/'}"
    return Notice(
        key=key,
        kind=NoticeKind.WARNING,
        recipient=person,
        subject=headline[:400].replace("\n", " "),
        text="\n".join((*text, link, "")),
        created_at=at,
        not_before=at,
    )


def _write(notices: list[Notice]) -> int:
    if notices:
        Notice.objects.bulk_create(Ways().address(notices), ignore_conflicts=True)
        enqueue(DELIVER)
    return len(notices)
