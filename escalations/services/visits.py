"""The mark a reader leaves on an incident. The incident itself is never locked for it."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Max

from accounts.models import User
from escalations.models import Incident, TimelineEvent, Visit
from escalations.rules.visits import NEW_VISIT_AFTER, REFRESH_AFTER
from escalations.selectors.visits import Presence, presence_of

log = logging.getLogger("belay.visits")


def look(incident: Incident, *, by: User, at: datetime) -> Presence:
    """Somebody reads the page at `at`: one read, and at most one small write each 30 s.

    A reader who was away for ten minutes begins a new visit: what came meanwhile is new to them
    until the next one. A database that cannot be written does not keep anybody from reading.
    """
    presence = presence_of(incident, by, at)
    mine = presence.mine
    if mine is not None and mine.last_at > at - REFRESH_AFTER:
        return presence
    last = TimelineEvent.objects.filter(incident=incident).aggregate(last=Max("seq"))["last"] or 0
    try:
        with transaction.atomic():
            return _marked(incident, presence, last, by=by, at=at)
    except OperationalError:
        log.warning("the visit of %s could not be marked", incident.key)
        return presence


def _marked(
    incident: Incident, presence: Presence, last: int, *, by: User, at: datetime
) -> Presence:
    mine = presence.mine
    if mine is None:
        try:
            with transaction.atomic():
                Visit.objects.create(incident=incident, user=by, last_at=at, seen_seq=last)
        except IntegrityError:
            pass  # two tabs opened at once: the other one left the mark
        return presence
    values: dict[str, object] = {"last_at": at, "seen_seq": max(last, mine.seen_seq)}
    is_new = at - mine.last_at >= NEW_VISIT_AFTER
    if is_new:
        values |= {"before_at": mine.last_at, "before_seq": mine.seen_seq}
        presence = replace(
            presence, before_at=mine.last_at, before_seq=mine.seen_seq, is_new_visit=True
        )
    # Another tab may have been first: then this one's mark is old news.
    Visit.objects.filter(pk=mine.pk, last_at=mine.last_at).update(**values)
    return presence
