"""Secret addresses of calendars: made, made anew, revoked. Only a digest is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import CalendarFeed, Roster, User

BYTES = 32


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def make_feed(person: User, roster: Roster | None, *, at: datetime) -> str:
    """The secret of a new address, to be shown once; an earlier one stops at once. Without a
    roster it holds all shifts of this person."""
    revoke_feed(person, roster, at=at)
    token = secrets.token_urlsafe(BYTES)
    CalendarFeed.objects.create(user=person, roster=roster, digest=digest_of(token), made_at=at)
    return token


@transaction.atomic
def revoke_feed(person: User, roster: Roster | None, *, at: datetime) -> bool:
    User.objects.select_for_update().get(pk=person.pk)
    live = CalendarFeed.objects.filter(user=person, roster=roster, revoked_at=None)
    return bool(live.update(revoked_at=at))


@transaction.atomic
def revoke(feed: CalendarFeed, *, at: datetime) -> bool:
    """Whether it worked until now: an address that was revoked keeps its first date."""
    live = CalendarFeed.objects.filter(pk=feed.pk, revoked_at=None)
    return bool(live.update(revoked_at=at))
