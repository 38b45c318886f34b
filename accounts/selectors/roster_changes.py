"""When a roster changes hands, and to whom."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import Override, Roster, RosterVersion
from accounts.selectors.rosters import _layers, person_on_call

AHEAD = timedelta(days=35)


def changes(roster: Roster, start: datetime, end: datetime) -> list[tuple[datetime, int | None]]:
    """(instant, who answers from then on) for each change after `start` and before `end`."""
    found: list[tuple[datetime, int | None]] = []
    person = person_on_call(roster, start)
    for edge in _edges(roster, start, end):
        following = person_on_call(roster, edge)
        if following != person:
            found.append((edge, following))
            person = following
    return found


def next_on_call(roster: Roster, at: datetime) -> int | None:
    """Who comes on call after the one who is; nobody where that does not change in five weeks."""
    present = person_on_call(roster, at)
    for edge in _edges(roster, at, at + AHEAD):
        following = person_on_call(roster, edge)
        if following is not None and following != present:
            return following
    return None


def _edges(roster: Roster, start: datetime, end: datetime) -> list[datetime]:
    versions = RosterVersion.objects.filter(roster=roster, effective_from__lt=end)
    versions = list(versions.order_by("-effective_from").values_list("pk", "effective_from"))
    edges: set[datetime] = set()
    for pk, effective_from in versions:
        edges.add(effective_from)
        for layer in _layers(pk):
            edges.update(layer.edges(max(start, effective_from), end))
        if effective_from <= start:
            break
    overrides = Override.objects.filter(start_at__lt=end, end_at__gt=start, roster=roster)
    for override in overrides.values_list("start_at", "end_at"):
        edges.update(override)
    return sorted(edge for edge in edges if start < edge < end)
