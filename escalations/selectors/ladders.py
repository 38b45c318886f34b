"""Who a ladder target means for one incident, at the instant of paging."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from accounts.models import Membership, Roster, User
from accounts.selectors.rosters import person_on_call
from escalations.models import Incident, Responder
from escalations.rules.policy import LadderTarget, TargetKind


def resolver(incident: Incident) -> Callable[[LadderTarget, datetime], tuple[int, ...]]:
    """`resolve(target, at)` -> ids of reachable people, in a fixed order."""

    def resolve(target: LadderTarget, at: datetime) -> tuple[int, ...]:
        people = _meant(incident, target, at)
        reachable = set(
            User.objects.filter(pk__in=people, is_active=True)
            .exclude(email="")
            .values_list("pk", flat=True)
        )
        return tuple(dict.fromkeys(person for person in people if person in reachable))

    return resolve


def _meant(incident: Incident, target: LadderTarget, at: datetime) -> list[int]:
    match target.kind:
        case TargetKind.ROSTER:
            return _on_roster(target.ref, at)
        case TargetKind.ROLE:
            found = Responder.objects.filter(
                incident=incident, role=target.ref, ended_at=None
            ).values_list("user_id", flat=True)
            if target.ref == "sponsor" and incident.account and incident.account.sponsor_id:
                return [*found, incident.account.sponsor_id]
            return list(found)
        case TargetKind.TEAM:
            members = Membership.objects.current(at).filter(team__code=target.ref)
            return list(members.order_by("user_id").values_list("user_id", flat=True))
        case TargetKind.PERSON:
            return list(User.objects.filter(username=target.ref).values_list("pk", flat=True))
        case TargetKind.MANAGER_OF:
            return _managers(_on_roster(target.ref, at), target.depth)
    return []


def _on_roster(code: str, at: datetime) -> list[int]:
    roster = Roster.objects.filter(code=code).first()
    person = person_on_call(roster, at) if roster else None
    return [] if person is None else [person]


def _managers(people: list[int], depth: int) -> list[int]:
    """The manager `depth` steps up; a circle of managers ends at the person seen before."""
    seen = set(people)
    for _ in range(depth):
        found = User.objects.filter(pk__in=people).values_list("manager_id", flat=True)
        people = [person for person in found if person is not None and person not in seen]
        seen.update(people)
    return people
