"""What a person sees of their own duty on their profile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Absence, CalendarFeed, User

SHOWN = 20


@dataclass(frozen=True, slots=True)
class OwnDuty:
    """`feed` is the live calendar of all own shifts; `roster_feeds` are those of single rosters."""

    feed: CalendarFeed | None
    roster_feeds: list[CalendarFeed]
    absences: list[Absence]


def own_duty(person: User, at: datetime) -> OwnDuty:
    """Two queries."""
    feeds = list(person.feeds.filter(revoked_at=None).select_related("roster"))
    away = Absence.objects.filter(user=person, withdrawn_at=None, end_at__gt=at)
    return OwnDuty(
        feed=next((feed for feed in feeds if feed.roster_id is None), None),
        roster_feeds=[feed for feed in feeds if feed.roster_id is not None],
        absences=list(away.order_by("start_at")[:SHOWN]),
    )
