"""Times ahead in which a roster names nobody, as the rosters stand now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from accounts.models import Override, Roster, RosterVersion, User
from accounts.rules import rosters as rules
from accounts.selectors.rosters import NEVER

AHEAD = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class RosterGaps:
    """`start` and `end` are of the first gap; `count` of all."""

    roster_id: int
    name: str
    count: int
    start: datetime
    end: datetime


def roster_gaps(at: datetime) -> tuple[RosterGaps, ...]:
    """Rosters with a gap in the next 14 days, the nearest first. Counted once a minute."""
    return _gaps(at.replace(second=0, microsecond=0))


@lru_cache(maxsize=1)
def _gaps(at: datetime) -> tuple[RosterGaps, ...]:
    """Six queries, whatever the number of rosters."""
    until = at + AHEAD
    stand_ins: dict[int, list[rules.Override]] = {}
    rows = Override.objects.filter(withdrawn_at=None, end_at__gt=at, start_at__lt=until)
    for row in rows.order_by("recorded_at", "id"):
        found = rules.Override(row.start_at, row.end_at, row.user_id)
        stand_ins.setdefault(row.roster_id, []).append(found)
    left = User.objects.filter(left_at__isnull=False).values_list("pk", flat=True)
    away = [rules.Absence(at, NEVER, person) for person in left]
    gaps = []
    for roster in Roster.objects.prefetch_related("versions__layers__people"):
        shifts = _shifts(list(roster.versions.all()), stand_ins.get(roster.pk, []), away, at, until)
        empty = [shift for shift in shifts if shift.duty.is_gap]
        if empty:
            first = empty[0]
            gaps.append(RosterGaps(roster.pk, roster.name, len(empty), first.start, first.end))
    return tuple(sorted(gaps, key=lambda gap: (gap.start, gap.name)))


def _shifts(
    versions: list[RosterVersion],
    stand_ins: list[rules.Override],
    away: list[rules.Absence],
    at: datetime,
    until: datetime,
) -> list[rules.Shift]:
    """Each version decides from its day until the next one does; before the first, nobody."""
    found: list[rules.Shift] = []
    versions = sorted(versions, key=lambda version: version.effective_from)
    starts = [at, *(version.effective_from for version in versions)]
    for version, start, end in zip([None, *versions], starts, [*starts[1:], until], strict=True):
        layers = () if version is None else _layers_of(version)
        found += rules.shifts(layers, stand_ins, away, max(start, at), min(end, until))
    return found


def _layers_of(version: RosterVersion) -> tuple[rules.Layer, ...]:
    return tuple(
        rules.Layer(
            zone=row.zone,
            start_date=row.start_on,
            handoff=row.handoff,
            unit=row.unit,
            every=row.every,
            people=tuple(place.user_id for place in row.people.all()),
            restrict=row.restrict or None,
        )
        for row in sorted(version.layers.all(), key=lambda row: row.position)
        if row.people.all()
    )
