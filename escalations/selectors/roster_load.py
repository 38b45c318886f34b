"""How the last 90 days of a roster were shared; for who plans it, and to each person their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Roster, User
from accounts.rules.fairness import Load, Page, balance, gini, load_of, over_mean
from accounts.selectors.roster_shifts import owner_id_of
from accounts.selectors.rosters import person_id, plan_of
from escalations.models import Notice
from escalations.models.notices import NoticeKind

BACK = timedelta(days=90)
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class LoadRow:
    person: User
    load: Load
    is_over: bool  # more of the mean hours than the roster allows


@dataclass(frozen=True, slots=True)
class RosterLoad:
    """`rows` hold all for the owner, else the reader's own row alone."""

    rows: tuple[LoadRow, ...]
    over_mean_percent: int
    mean_hours: float
    mean_pages: float
    balance: float | None  # of hours; told to who plans the roster
    gini: float | None


def roster_load(roster: Roster, viewer: User, at: datetime) -> RosterLoad | None:
    """None for who neither served nor plans it. Nine queries."""
    start = at - BACK
    spans: dict[int, list[Span]] = {}
    for shift in plan_of(roster, start, at, at).shifts(start, at):
        if (pk := person_id(shift)) is not None:
            spans.setdefault(pk, []).append((shift.start, shift.end))
    is_owner = owner_id_of(roster) == viewer.pk
    if not spans or not (is_owner or viewer.pk in spans):
        return None
    people = User.objects.in_bulk(spans)
    pages = _pages(spans, start, at)
    limits = roster.strain_limits
    loads = {
        pk: load_of(spans[pk], pages.get(pk, []), people[pk].time_zone, BACK, limits)
        for pk in spans
    }
    hours = {pk: load.hours for pk, load in loads.items()}
    over = over_mean(hours, limits)
    shown = sorted(loads if is_owner else [viewer.pk], key=lambda pk: (-loads[pk].hours, pk))
    return RosterLoad(
        rows=tuple(LoadRow(people[pk], loads[pk], pk in over) for pk in shown),
        over_mean_percent=roster.over_mean_percent,
        mean_hours=sum(hours.values()) / len(hours),
        mean_pages=sum(load.pages for load in loads.values()) / len(loads),
        balance=balance(list(hours.values())) if is_owner else None,
        gini=gini(list(hours.values())) if is_owner else None,
    )


def _pages(spans: dict[int, list[Span]], start: datetime, end: datetime) -> dict[int, list[Page]]:
    """Pages that were sent while their recipient was on duty here, one for each incident and
    instant."""
    rows = Notice.objects.real().filter(
        kind=NoticeKind.PAGE,
        recipient__in=spans,
        sent_at__isnull=False,
        not_before__gte=start,
        not_before__lt=end,
    )
    found: dict[int, dict[tuple[datetime, int | None], Page]] = {}
    for pk, at, incident in rows.values_list("recipient", "not_before", "incident"):
        if any(a <= at < b for a, b in spans[pk]):
            found.setdefault(pk, {})[at, incident] = Page(at, incident)
    return {pk: list(pages.values()) for pk, pages in found.items()}
