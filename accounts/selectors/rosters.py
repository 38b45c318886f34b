"""Who is on call. One resolver serves paging, pages, feeds and back-tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from django.db.models import Q

from accounts.models import Layer, Override, Roster, RosterVersion, User
from accounts.rules import rosters as rules

NEVER = datetime.max.replace(tzinfo=UTC)


@lru_cache(maxsize=512)
def _layers(version_id: int) -> tuple[rules.Layer, ...]:
    """A version's layers never change once it is in effect."""
    rows = Layer.objects.filter(version_id=version_id).prefetch_related("people")
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
        for row in rows.order_by("position")
    )


def on_call(roster: Roster, at: datetime, known_at: datetime | None = None) -> rules.Duty:
    """Who answers for `roster` at `at`, as known at `known_at` (default: at that instant).

    `Duty.person` is a user id. Three queries, none for the layers of a version seen before.
    Who left is away for good, from that instant: the next layer answers, or there is a gap.
    """
    known_at = known_at or at
    version = (
        RosterVersion.objects.filter(
            roster=roster, effective_from__lte=at, created_at__lte=max(known_at, at)
        )
        .order_by("-effective_from")
        .values_list("pk", flat=True)
        .first()
    )
    overrides = Override.objects.filter(
        Q(withdrawn_at=None) | Q(withdrawn_at__gt=known_at),
        roster=roster,
        start_at__lte=at,
        end_at__gt=at,
        recorded_at__lte=known_at,
    ).order_by("recorded_at", "id")
    layers = _layers(version) if version else ()
    stand_ins = [rules.Override(o.start_at, o.end_at, o.user_id) for o in overrides]
    people = [*(p for layer in layers for p in layer.people), *(s.person for s in stand_ins)]
    left = User.objects.filter(
        pk__in=[int(str(person)) for person in people], left_at__lte=min(at, known_at)
    )
    absences = [rules.Absence(at, NEVER, person) for person in left.values_list("pk", flat=True)]
    return rules.on_call(layers, stand_ins, absences, at)


def person_on_call(roster: Roster, at: datetime) -> int | None:
    """The id of the person who answers for `roster` now; None in a gap."""
    person = on_call(roster, at).person
    assert person is None or isinstance(person, int), "our rosters hold user ids"
    return person


def people_on_call(rosters: Iterable[Roster], at: datetime) -> dict[int, list[str]]:
    """User id -> names of the rosters he or she answers for now; unreachable people left out."""
    duties: dict[int, list[str]] = {}
    for roster in rosters:
        person = person_on_call(roster, at)
        if person is not None:
            duties.setdefault(person, []).append(roster.name)
    reachable = set(
        User.objects.filter(pk__in=duties, is_active=True)
        .exclude(email="")
        .values_list("pk", flat=True)
    )
    return {person: names for person, names in duties.items() if person in reachable}
