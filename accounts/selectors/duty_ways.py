"""Who is on call soon though nobody knows whether messages reach them."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from accounts.models import Roster, User
from accounts.selectors.contact_methods import without_verified
from accounts.selectors.rosters import person_id, plans

SOON = timedelta(days=14)


def unverified_on_rosters(at: datetime) -> list[User]:
    """Active people with a shift in the next 14 days and no verified way, by name. One query; the
    plans are looked through once a minute."""
    on_duty = _on_duty(at.replace(second=0, microsecond=0))
    people = without_verified(User.objects.filter(pk__in=on_duty, is_active=True))
    return sorted(people, key=str)


@lru_cache(maxsize=1)
def _on_duty(at: datetime) -> frozenset[int]:
    """Six queries, whatever the number of rosters."""
    found = plans(list(Roster.objects.all()), at, at + SOON, at)
    people = {person_id(shift) for plan in found.values() for shift in plan.shifts(at, at + SOON)}
    return frozenset(person for person in people if person is not None)
