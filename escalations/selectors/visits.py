"""Who is looking at an incident, and what this reader saw when they were last here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

from django.db.models import Q

from accounts.models import User
from escalations.models import Incident, Visit
from escalations.rules.visits import GONE_AFTER


@dataclass(frozen=True, slots=True)
class Presence:
    """`before_seq` is 0 on a first visit. `mine`: the stored mark, if there is one."""

    user_id: int
    before_at: datetime | None = None
    before_seq: int = 0
    others: tuple[str, ...] = ()
    mine: Visit | None = None
    is_new_visit: bool = False

    @property
    def token(self) -> str:
        """Changes with the people who are here."""
        return f"{crc32(' · '.join(self.others).encode()):x}"


def presence_of(incident: Incident, user: User, at: datetime) -> Presence:
    """One query, on the index of the unique pair. Only for somebody who may see the incident."""
    looking = Q(last_at__gt=at - GONE_AFTER, user__is_active=True)
    rows = Visit.objects.filter(looking | Q(user=user), incident=incident)
    found = list(rows.select_related("user").order_by("user__first_name", "user__username"))
    mine = next((row for row in found if row.user_id == user.pk), None)
    return Presence(
        user_id=user.pk,
        before_at=mine.before_at if mine else None,
        before_seq=mine.before_seq if mine else 0,
        others=tuple(str(row.user) for row in found if row.user_id != user.pk),
        mine=mine,
    )
