"""A stand-in, an absence, a swap that is asked for and a calendar, on the primary roster."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from accounts.models import Roster, User
from accounts.services.calendar_feeds import make_feed
from accounts.services.rosters import record_absence, record_override
from accounts.services.swaps import ask_swap, shifts_ahead

DAY = timedelta(days=1)


def shifts_of(person: User, roster: Roster, at: datetime) -> list[str]:
    """Keys of the shifts ahead of this person."""
    return [ref.key for ref in shifts_ahead(roster, at).values() if ref.person == person.pk]


def plant_rosters(people: dict[str, Any], at: datetime) -> dict[str, Any]:
    agent, agent2 = people["agent"], people["agent2"]
    primary = Roster.objects.get(code="primary")
    override = record_override(primary, agent, at + 2 * DAY, at + 3 * DAY, by=agent, at=at)
    absence = record_absence(agent, at + 14 * DAY, at + 15 * DAY, by=agent, at=at)
    mine, theirs = shifts_of(agent, primary, at), shifts_of(agent2, primary, at)
    swap = ask_swap(primary, theirs[0], mine[0], by=agent2, at=at)
    return {
        "override": override.pk,
        "absence": absence.pk,
        "swap": swap.pk,
        "give": mine[1],
        "take": theirs[1],
        "calendar": make_feed(agent, primary, at=at),
    }
