"""Whom each level of a policy means in the next two weeks, instant by instant, and when no roster
of a team that its rules name has anybody. A constant number of queries for any number of ladders,
levels and rosters; managers cost one more for each step up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from django.db.models import F

from accounts.models import ContactMethod, Membership, Roster, Team, User
from accounts.selectors.roster_changes import AHEAD as NEXT_WITHIN
from accounts.selectors.roster_gaps import SOON, gaps_in
from accounts.selectors.rosters import Plan, person_id, plans
from escalations.rules.cover_lint import (
    LevelCover,
    Period,
    Person,
    Stretch,
    TeamCover,
    joined,
    lint_cover,
)
from escalations.rules.ladder_reach import targets as meant_targets
from escalations.rules.policy import Ladder, LadderTarget, PolicyDoc, TargetKind
from escalations.rules.routing_lint import Finding
from escalations.selectors.ladders import DEEPEST, ROSTERS, inner

Duty = tuple[datetime, datetime, int | None]


@dataclass(frozen=True, slots=True)
class Cover:
    """`on_shift` is how many people are on call on average in the rosters that the version asks."""

    findings: tuple[Finding, ...]
    on_shift: float


def cover_of(doc: PolicyDoc, at: datetime, ahead: timedelta = SOON) -> Cover:
    """What the rosters, teams and people say against a version, for the time from `at` on."""
    facts = _read(doc, at, at + ahead)
    levels = [
        _level(facts, ladder.name, number, targets)
        for ladder in doc.ladders.values()
        for number, targets in _numbered(ladder)
    ]
    teams: dict[str, list[str]] = {}
    for rule in doc.rules:
        teams.setdefault(rule.team, []).append(rule.name)
    covers = [_team(facts, code, tuple(rules)) for code, rules in teams.items()]
    found = lint_cover(levels, covers, _people(facts, levels))
    return Cover(tuple(found), _on_shift(facts))


def _on_shift(facts: _Facts) -> float:
    """Different people, weighed by time."""
    edges = {facts.start, facts.end}
    for duties in facts.duties.values():
        edges.update(start for start, _, _ in duties if facts.start < start < facts.end)
    cuts = sorted(edges)
    total = 0.0
    for start, end in pairwise(cuts):
        here = {pk for rows in facts.duties.values() for s, e, pk in rows if s <= start < e and pk}
        total += len(here) * (end - start).total_seconds()
    return total / (facts.end - facts.start).total_seconds()


@dataclass(slots=True)
class _Facts:
    start: datetime
    end: datetime
    duties: Mapping[str, Sequence[Duty]]  # by roster code, from start to beyond the end
    plans: Mapping[str, Plan]
    rosters_of: Mapping[str, Sequence[str]]  # by team code
    members: Mapping[str, Sequence[tuple[int, datetime, datetime | None]]]
    teams: frozenset[str]
    users: dict[int, User] = field(default_factory=dict)
    names: Mapping[str, int] = field(default_factory=dict)


def _numbered(ladder: Ladder) -> Iterator[tuple[int, tuple[LadderTarget, ...]]]:
    for level in ladder.levels:
        yield level.number, meant_targets(level)
    yield 0, ladder.fallback


def _all_targets(doc: PolicyDoc) -> Iterator[LadderTarget]:
    """Every target, and whatever the managers are asked of."""
    for ladder in doc.ladders.values():
        for _, targets in _numbered(ladder):
            for target in targets:
                yield from _chain(target)


def _chain(target: LadderTarget) -> list[LadderTarget]:
    """The target, and the one its managers are asked of; a bad reference ends it."""
    found = [target]
    while found[-1].kind is TargetKind.MANAGER_OF and len(found) <= DEEPEST:
        try:
            found.append(inner(found[-1]))
        except ValueError:
            break
    return found


def _read(doc: PolicyDoc, start: datetime, end: datetime) -> _Facts:
    asked = list(dict.fromkeys(_all_targets(doc)))
    named = {target.ref for target in asked if target.kind in ROSTERS}
    rule_teams = {rule.team for rule in doc.rules}
    teams = rule_teams | {t.ref for t in asked if t.kind is TargetKind.TEAM}
    rows = Roster.objects.select_related("team")
    rosters = [r for r in rows if r.code in named or r.team.code in rule_teams]
    known = plans(rosters, start, end + NEXT_WITHIN, start)
    rosters_of: dict[str, list[str]] = {}
    for roster in rosters:
        rosters_of.setdefault(roster.team.code, []).append(roster.code)
    members: dict[str, list[tuple[int, datetime, datetime | None]]] = {}
    rows_of = Membership.objects.filter(team__code__in=teams, valid_from__lt=end)
    for code, user, since, until in rows_of.values_list(
        F("team__code"), "user", "valid_from", "valid_to"
    ):
        if until is None or until > start:
            members.setdefault(code, []).append((user, since, until))
    facts = _Facts(
        start,
        end,
        {r.code: _duties(known[r.pk], start, end + NEXT_WITHIN) for r in rosters},
        {r.code: known[r.pk] for r in rosters},
        rosters_of,
        members,
        frozenset(Team.objects.filter(code__in=teams).values_list("code", flat=True)),
    )
    _read_people(facts, asked)
    return facts


def _duties(plan: Plan, start: datetime, end: datetime) -> list[Duty]:
    found: list[Duty] = []
    for shift in plan.shifts(start, end):
        person = person_id(shift)
        if found and found[-1][2] == person:
            found[-1] = (found[-1][0], shift.end, person)
        else:
            found.append((shift.start, shift.end, person))
    return found


def _read_people(facts: _Facts, asked: Sequence[LadderTarget]) -> None:
    usernames = [target.ref for target in asked if target.kind is TargetKind.PERSON]
    ids = {pk for duties in facts.duties.values() for _, _, pk in duties if pk is not None}
    ids |= {user for rows in facts.members.values() for user, _, _ in rows}
    found = list(User.objects.filter(username__in=usernames)) if usernames else []
    facts.names = {user.username: user.pk for user in found}
    facts.users = {user.pk: user for user in found}
    facts.users.update(User.objects.in_bulk(ids - set(facts.users)))
    steps = max((_steps(target) for target in asked), default=0)
    for _ in range(steps):
        above = {user.manager_id for user in facts.users.values()} - set(facts.users) - {None}
        if not above:
            return
        facts.users.update(User.objects.in_bulk(above))


def _steps(target: LadderTarget) -> int:
    steps = sum(t.depth for t in _chain(target) if t.kind is TargetKind.MANAGER_OF)
    return min(steps, DEEPEST)


def _level(facts: _Facts, ladder: str, number: int, targets: Sequence[LadderTarget]) -> LevelCover:
    ends = [_chain(target)[-1] for target in targets]
    roles = tuple(dict.fromkeys(t.ref for t in ends if t.kind is TargetKind.ROLE))
    unknown = tuple(_words(t) for t in ends if not _exists(facts, t))
    cuts = {facts.start}
    for target in ends:
        cuts.update(at for at in _changes(facts, target) if facts.start < at < facts.end)
    starts = sorted(cuts)
    stretches: list[Stretch] = []
    for start, end in zip(starts, [*starts[1:], facts.end], strict=True):
        people = frozenset(pk for target in targets for pk in _meant(facts, target, start))
        if stretches and stretches[-1].people == people:
            stretches[-1] = Stretch(stretches[-1].start, end, people)
        else:
            stretches.append(Stretch(start, end, people))
    return LevelCover(ladder, number, tuple(stretches), roles, unknown)


def _exists(facts: _Facts, target: LadderTarget) -> bool:
    match target.kind:
        case TargetKind.ROSTER | TargetKind.NEXT_ON_CALL:
            return target.ref in facts.duties
        case TargetKind.TEAM:
            return target.ref in facts.teams
        case TargetKind.PERSON:
            return target.ref in facts.names
    return target.kind is not TargetKind.MANAGER_OF  # what is left is a reference to nothing


def _words(target: LadderTarget) -> str:
    word = "roster" if target.kind in ROSTERS else target.kind.value.replace("_", " ")
    return f"{word} {target.ref!r}"


def _changes(facts: _Facts, target: LadderTarget) -> Iterator[datetime]:
    if target.kind in ROSTERS:
        yield from (start for start, _, _ in facts.duties.get(target.ref, ()))
    elif target.kind is TargetKind.TEAM:
        for _, since, until in facts.members.get(target.ref, ()):
            yield since
            if until is not None:
                yield until


def _meant(facts: _Facts, target: LadderTarget, at: datetime) -> list[int]:
    """As `escalations.selectors.ladders.meant`, from what was read."""
    match target.kind:
        case TargetKind.ROSTER:
            return [pk for s, e, pk in facts.duties.get(target.ref, ()) if s <= at < e and pk]
        case TargetKind.NEXT_ON_CALL:
            return _next(facts.duties.get(target.ref, ()), at)
        case TargetKind.TEAM:
            rows = facts.members.get(target.ref, ())
            return sorted(u for u, since, end in rows if since <= at and (end is None or end > at))
        case TargetKind.PERSON:
            return [facts.names[target.ref]] if target.ref in facts.names else []
        case TargetKind.MANAGER_OF:
            chain = _chain(target)
            if len(chain) < 2:
                return []
            return _managers(facts, _meant(facts, chain[1], at), target.depth)
    return []


def _next(duties: Sequence[Duty], at: datetime) -> list[int]:
    present = next((pk for start, end, pk in duties if start <= at < end), None)
    later = (pk for start, _, pk in duties if at < start < at + NEXT_WITHIN and pk)
    found = next((pk for pk in later if pk != present), None)
    return [] if found is None else [found]


def _managers(facts: _Facts, people: list[int], depth: int) -> list[int]:
    seen = set(people)
    for _ in range(min(depth, DEEPEST)):
        above = [facts.users[pk].manager_id for pk in people if pk in facts.users]
        people = [pk for pk in dict.fromkeys(above) if pk is not None and pk not in seen]
        seen.update(people)
    return people


def _team(facts: _Facts, code: str, rules: tuple[str, ...]) -> TeamCover:
    rosters = facts.rosters_of.get(code, ())
    gaps: list[Period] | None = None
    for roster in rosters:
        mine = [(g.start, g.end) for g in gaps_in(facts.plans[roster], facts.start, facts.end)]
        gaps = mine if gaps is None else list(_common(gaps, mine))
    return TeamCover(code, rules, bool(rosters), tuple(joined(gaps or ())))


def _common(left: Iterable[Period], right: Sequence[Period]) -> Iterator[Period]:
    for start, end in left:
        for other, until in right:
            if max(start, other) < min(end, until):
                yield max(start, other), min(end, until)


def _people(facts: _Facts, levels: Iterable[LevelCover]) -> dict[int, Person]:
    ids = {pk for level in levels for stretch in level.stretches for pk in stretch.people}
    verified = ContactMethod.objects.verified().filter(person__in=ids)
    known = set(verified.values_list("person", flat=True))
    return {
        pk: Person(
            name=str(user),
            is_active=user.is_active,
            is_reachable=user.is_active and (bool(user.email) or pk in known),
            is_verified=pk in known,
        )
        for pk in ids
        if (user := facts.users.get(pk)) is not None
    }
