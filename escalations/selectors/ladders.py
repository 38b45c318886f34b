"""Who a ladder target means for one incident, at the instant of paging, and who sleeps then."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime, timedelta

from accounts.models import Membership, Roster, User
from accounts.rules.zones import UnknownZone
from accounts.selectors.roster_changes import changes, next_on_call
from accounts.selectors.rosters import person_on_call
from escalations.models import Incident, LadderStep, Responder
from escalations.rules.ladder_reach import Quiet, awake
from escalations.rules.limits import Limits
from escalations.rules.policy import Ladder, LadderTarget, Level, Severity, TargetKind
from escalations.rules.quiet_hours import quiet_until

DEEPEST = 10  # managers of managers, and targets within targets
ROSTERS = frozenset({TargetKind.ROSTER, TargetKind.NEXT_ON_CALL})
# How long a change of duty that nobody planned may go unnoticed during a wait.
LOOK_EVERY_S = 60


def resolver(incident: Incident | None) -> Callable[[LadderTarget, datetime], tuple[int, ...]]:
    """`resolve(target, at)` -> ids of reachable people, in a fixed order. Without an incident the
    roles on it mean nobody."""

    def resolve(target: LadderTarget, at: datetime) -> tuple[int, ...]:
        return reachable(meant(incident, target, at))

    return resolve


def reachable(people: list[int]) -> tuple[int, ...]:
    """Of these, who can be reached at all, each once and in their order."""
    there = set(
        User.objects.filter(pk__in=people, is_active=True)
        .exclude(email="")
        .values_list("pk", flat=True)
    )
    return tuple(dict.fromkeys(person for person in people if person in there))


def quiet_for(severity: Severity, limits: Limits) -> Quiet:
    """`quiet(person, at)` -> until when this person sleeps. An S1 wakes everybody."""
    if severity is Severity.S1:
        return awake
    known: dict[Hashable, User] = {}
    people = User.objects.only("time_zone", "quiet_from", "quiet_to")

    def quiet(person: Hashable, at: datetime) -> datetime | None:
        if person not in known:
            known[person] = people.get(pk=int(str(person)))
        user = known[person]
        start = limits.quiet_from if user.quiet_from is None else user.quiet_from
        end = limits.quiet_to if user.quiet_to is None else user.quiet_to
        try:
            return quiet_until(user.time_zone, start, end, at) if start != end else None
        except UnknownZone:
            return None

    return quiet


def next_look(level: Level, at: datetime, until: datetime) -> datetime | None:
    """When to look whether this level's rosters changed hands: at the next planned change before
    `until`, and from time to time for those that nobody planned."""
    codes = [inner.ref for target in level.targets if (inner := innermost(target)).kind in ROSTERS]
    if not codes:
        return None
    look = at + timedelta(seconds=max(LOOK_EVERY_S, level.ack_timeout_s // 5))
    for roster in Roster.objects.filter(code__in=codes):
        look = min([look, *(edge for edge, _ in changes(roster, at, min(look, until)))])
    return look if look < until else None


def inner(target: LadderTarget) -> LadderTarget:
    """The target whose managers are meant."""
    kind, colon, rest = target.ref.partition(":")
    if not colon:
        return LadderTarget(TargetKind.ROSTER, target.ref)
    return LadderTarget(TargetKind(kind), rest)


def innermost(target: LadderTarget) -> LadderTarget:
    while target.kind is TargetKind.MANAGER_OF:
        target = inner(target)
    return target


def meant(incident: Incident | None, target: LadderTarget, at: datetime) -> list[int]:
    """Ids of the people a target names at `at`, reachable or not."""
    match target.kind:
        case TargetKind.ROSTER:
            return _on_roster(target.ref, at)
        case TargetKind.NEXT_ON_CALL:
            roster = Roster.objects.filter(code=target.ref).first()
            person = next_on_call(roster, at) if roster else None
            return [] if person is None else [person]
        case TargetKind.ROLE:
            return _in_role(incident, target.ref) if incident else []
        case TargetKind.TEAM:
            members = Membership.objects.current(at).filter(team__code=target.ref)
            return list(members.order_by("user_id").values_list("user_id", flat=True))
        case TargetKind.PERSON:
            return list(User.objects.filter(username=target.ref).values_list("pk", flat=True))
        case TargetKind.MANAGER_OF:
            return _managers(meant(incident, inner(target), at), target.depth)
    return []


def _on_roster(code: str, at: datetime) -> list[int]:
    roster = Roster.objects.filter(code=code).first()
    person = person_on_call(roster, at) if roster else None
    return [] if person is None else [person]


def _in_role(incident: Incident, role: str) -> list[int]:
    found = list(
        Responder.objects.filter(incident=incident, role=role, ended_at=None).values_list(
            "user_id", flat=True
        )
    )
    if role == "sponsor" and incident.account and incident.account.sponsor_id:
        return [*found, incident.account.sponsor_id]
    return found


def _managers(people: list[int], depth: int) -> list[int]:
    """The manager `depth` steps up; a circle of managers ends at the person seen before."""
    seen = set(people)
    for _ in range(min(depth, DEEPEST)):
        found = User.objects.filter(pk__in=people).values_list("manager_id", flat=True)
        people = [person for person in found if person is not None and person not in seen]
        seen.update(people)
    return people


def was_asked(incident: Incident, person: User, ladder: Ladder | None, at: datetime) -> bool:
    """May this person answer without taking over: named on the incident, paged for it, of its
    team, or somebody its ladder means now."""
    kpi, account = incident.kpi, incident.account
    named: Iterable[int | None] = (
        incident.commander_id,
        incident.opened_by_id,
        *((kpi.owner_id, kpi.steward_id) if kpi else ()),
        *((account.owner_id, account.backup_id) if account else ()),
    )
    if person.pk in named or person.has_perm("escalations.cancel_incident"):
        return True
    if (
        Membership.objects.current(at).filter(team=incident.team_id, user=person).exists()
        or Responder.objects.filter(incident=incident, user=person, ended_at=None).exists()
        or LadderStep.objects.filter(run__incident=incident, person=person).exists()
    ):
        return True
    if ladder is None:
        return False
    levels = [target for level in ladder.levels for target in level.targets]
    return any(person.pk in meant(incident, each, at) for each in (*levels, *ladder.fallback))
