"""What an act would do, found out by doing it and taking everything back.

The very services run inside a transaction that is rolled back, so what is foretold is what would
happen. Nothing is written, nobody is told, and jobs that were asked for vanish with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.selectors.people import rights_of
from config.lib.errors import DomainError
from escalations.models import Incident
from escalations.rules.lifecycle import Verb, unmet
from escalations.rules.stand_ins import stand_ins, still_missing
from escalations.services.moves import perform, situation_of
from escalations.services.pictures import (
    Picture,
    Told,
    letters_since,
    picture,
    said_since,
    since,
    told_since,
)

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`after` is None where the act is refused, and `refusals` say why. `end` is how a pause ends
    if the wait lasts until its chase date. `other` are before and after of the second incident."""

    verb: Verb
    at: datetime
    before: Picture
    after: Picture | None = None
    end: Picture | None = None
    other: tuple[Picture, Picture] | None = None
    told: tuple[Told, ...] = ()
    dropped: tuple[str, ...] = ()
    customer_reads: tuple[str, ...] = ()
    written_to: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    assumed: frozenset[str] = frozenset()
    ends_at: datetime | None = None


def rehearse(
    incident: Incident, verb: Verb, given: Mapping[str, Any], *, by: User, at: datetime
) -> Rehearsal:
    """`given` holds validated fields; what is missing and does not matter is stood in for."""
    given = {name: value for name, value in given.items() if name != "expected_version"}
    situation = situation_of(incident, by, rights_of(by), given, at)
    assumed = stand_ins(verb, given, unmet(verb, situation), by=by.username, at=at)
    given |= assumed
    if missing := still_missing(verb, given):
        asked = ", ".join(missing).lower()
        before = picture(incident.number)
        return Rehearsal(verb, at, before, refusals=(f"Choose first: {asked}.",))
    with transaction.atomic():
        try:
            return _acted(incident.number, verb, given, frozenset(assumed), by=by, at=at)
        finally:
            transaction.set_rollback(True)


def _acted(
    number: int,
    verb: Verb,
    given: Mapping[str, Any],
    assumed: frozenset[str],
    *,
    by: User,
    at: datetime,
) -> Rehearsal:
    before = picture(number)
    second = given.get("into") if verb is Verb.MERGE else None
    numbers = [number, *([second] if second else [])]
    mark = since(numbers)
    try:
        other = picture(second) if second else None
        perform(number, verb, given, by=by, at=at)
    except (DomainError, Incident.DoesNotExist) as error:
        return Rehearsal(verb, at, before, refusals=_sentences(error), assumed=assumed)
    after = picture(number)
    public, internal = said_since(mark, number)
    names, letter = letters_since(mark, number)
    ends_at = (given.get("next_check_at") or at + ONE_DAY) if verb is Verb.PAUSE else None
    return Rehearsal(
        verb,
        at,
        before,
        after,
        other=(other, picture(second)) if other and second else None,
        told=told_since(mark, numbers),
        dropped=_dropped(before, after),
        customer_reads=(letter,) if letter else public,
        written_to=names,
        sentences=internal,
        assumed=assumed,
        ends_at=ends_at,
        end=_end_of_wait(number, by, ends_at) if ends_at and ends_at > at else None,
    )


def _end_of_wait(number: int, by: User, ends_at: datetime) -> Picture:
    perform(number, Verb.RESUME, {}, by=by, at=ends_at)
    return picture(number)


def _dropped(before: Picture, after: Picture) -> tuple[str, ...]:
    """Whose messages waited and are not sent any more."""
    gone = before.pending - after.pending
    people = User.objects.filter(notices__in=gone).distinct().order_by("pk")
    return tuple(str(person) for person in people) if gone else ()


def _sentences(error: Exception) -> tuple[str, ...]:
    if not isinstance(error, DomainError):
        return ("There is no such incident.",)
    found = [each["detail"] for each in error.extra.get("unmet", [])]
    return tuple(found) or (error.detail,)
