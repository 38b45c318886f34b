"""Does every level of a ladder reach somebody in the next weeks (SEMANTICS 2.2, 3.1).

Judged on stretches cut wherever a roster changes hands or a membership begins or ends, so that no
gap falls between two looks. A level where nobody is known throughout is an error; everything else
is for a person to weigh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalations.rules.durations import exact_duration
from escalations.rules.routing_lint import Finding

NAMED = 3  # people in one sentence
Period = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Person:
    """`is_reachable`: active and with an address or a verified way."""

    name: str
    is_active: bool
    is_reachable: bool
    is_verified: bool


WEAK: tuple[tuple[str, Callable[[Person], bool], tuple[str, str]], ...] = (
    (
        "inactive_person",
        lambda person: not person.is_active,
        ("is deactivated and still named", "are deactivated and still named"),
    ),
    (
        "unreachable_person",
        lambda person: person.is_active and not person.is_reachable,
        ("has no way to be reached", "have no way to be reached"),
    ),
    (
        "unverified_person",
        lambda person: person.is_reachable and not person.is_verified,
        (
            "verified no way to be reached: only the address kept for them is left",
            "verified no way to be reached: only the addresses kept for them are left",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whom a level means throughout [start, end), reachable or not."""

    start: datetime
    end: datetime
    people: frozenset[int]


@dataclass(frozen=True, slots=True)
class LevelCover:
    """Level 0 is the fallback. `roles` are known only once an incident is open; `unknown` are
    targets that name nothing there is. Stretches follow each other without a hole."""

    ladder: str
    number: int
    stretches: tuple[Stretch, ...]
    roles: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"Level {self.number}" if self.number else "The fallback"


@dataclass(frozen=True, slots=True)
class TeamCover:
    """When nobody is on call in any roster of a team that routing rules name."""

    team: str
    rules: tuple[str, ...]
    has_roster: bool
    gaps: tuple[Period, ...] = ()


def lint_cover(
    levels: Sequence[LevelCover], teams: Iterable[TeamCover], people: Mapping[int, Person]
) -> list[Finding]:
    found: list[Finding] = []
    for ladder in dict.fromkeys(level.ladder for level in levels):
        mine = [level for level in levels if level.ladder == ladder]
        for level in mine:
            found += _level(level, people)
        found += _together(mine, people)
        found += _weak(mine, people)
    for team in teams:
        found += _team(team)
    return found


def _level(level: LevelCover, people: Mapping[int, Person]) -> Iterator[Finding]:
    where = f"ladder {level.ladder}"
    for name in level.unknown:
        yield Finding(
            False, "unknown_target", where, f"{level.name} of {level.ladder} names {name}, which "
            "does not exist."
        )  # fmt: skip
    empty = joined((s.start, s.end) for s in level.stretches if not _reached(s, people))
    if not empty:
        return
    first, last = level.stretches[0].start, level.stretches[-1].end
    if level.roles:
        is_only_role = not any(stretch.people for stretch in level.stretches)
        if is_only_role and level.roles != ("sponsor",):
            return  # it means the people on the incident, and is meant to
        roles = " and ".join(f"the {role}" for role in level.roles)
        yield Finding(
            False,
            "level_by_role_only",
            where,
            f"{level.name} of {level.ladder} has nobody but {roles} for {_said(empty, level)}: an "
            "incident without them finds nobody there.",
            same=_days(level.name, empty),
        )
    elif empty == [(first, last)]:
        yield Finding(
            True,
            "level_unmanned",
            where,
            f"{level.name} of {level.ladder} reaches nobody in the next {_length(level)} days.",
        )
    else:
        yield Finding(
            False,
            "level_gap",
            where,
            f"{level.name} of {level.ladder} has nobody for {_said(empty, level)}.",
            same=_days(level.name, empty),
        )


def _together(levels: Sequence[LevelCover], people: Mapping[int, Person]) -> Iterator[Finding]:
    """One person on two levels: whoever sleeps through the first page gets the second too."""
    climbed = [level for level in levels if level.number]
    for place, lower in enumerate(climbed):
        for higher in climbed[place + 1 :]:
            both: list[Period] = []
            who: dict[int, None] = {}
            for start, end, one, other in _cut(lower, higher):
                if shared := one & other:
                    both.append((start, end))
                    who.update(dict.fromkeys(sorted(shared)))
            if not both:
                continue
            periods = joined(both)
            names = _names((people[pk].name for pk in who if pk in people), len(who))
            stands = "stands" if len(who) == 1 else "stand"
            levels_said = f"levels {lower.number} and {higher.number}"
            yield Finding(
                False,
                "on_two_levels",
                f"ladder {lower.ladder}",
                f"{names} {stands} on {levels_said} of {lower.ladder} at once for "
                f"{_said(periods, lower)}: the second page goes to who did not answer the first.",
                same=_days(f"{levels_said} {names}", periods),
            )


def _weak(levels: Sequence[LevelCover], people: Mapping[int, Person]) -> Iterator[Finding]:
    """People on a ladder who left, cannot be reached, or never verified how."""
    on: dict[int, list[int]] = {}
    for level in levels:
        for pk in sorted({pk for stretch in level.stretches for pk in stretch.people}):
            on.setdefault(pk, []).append(level.number)
    where = levels[0].ladder
    for code, is_so, (one, several) in WEAK:
        pks = [pk for pk in on if pk in people and is_so(people[pk])]
        if not pks:
            continue
        places = sorted({number for pk in pks for number in on[pk]})
        numbers = ", ".join(str(number) if number else "fallback" for number in places)
        names = _names((people[pk].name for pk in pks), len(pks))
        yield Finding(
            False,
            code,
            f"ladder {where}",
            f"On ladder {where} {names} {one if len(pks) == 1 else several} "
            f"(level{'s' if len(places) > 1 else ''} {numbers}).",
        )


def _team(team: TeamCover) -> Iterator[Finding]:
    rules = " and ".join(f"{name!r}" for name in team.rules)
    verb = "" if len(team.rules) > 1 else "s"
    if not team.has_roster:
        yield Finding(
            False,
            "team_without_roster",
            f"team {team.team}",
            f"Team {team.team} of {rules} has no roster: its incidents open without an owner.",
        )
    elif team.gaps:
        yield Finding(
            False,
            "team_gap",
            f"team {team.team}",
            f"Nobody of team {team.team}, which {rules} name{verb}, is on call for "
            f"{_said(team.gaps)}.",
            same=_days(team.team, team.gaps),
        )


# --- stretches ----------------------------------------------------------------------------------
def _reached(stretch: Stretch, people: Mapping[int, Person]) -> bool:
    return any(pk in people and people[pk].is_reachable for pk in stretch.people)


def _cut(
    one: LevelCover, other: LevelCover
) -> Iterator[tuple[datetime, datetime, frozenset[int], frozenset[int]]]:
    """Both covers cut at the instants of either."""
    left, right = list(one.stretches), list(other.stretches)
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i].start, right[j].start), min(left[i].end, right[j].end)
        if start < end:
            yield start, end, left[i].people, right[j].people
        if left[i].end <= right[j].end:
            i += 1
        else:
            j += 1


def joined(periods: Iterable[Period]) -> list[Period]:
    """Sorted, those that touch or overlap as one."""
    found: list[Period] = []
    for start, end in sorted(periods):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


# --- words --------------------------------------------------------------------------------------
def _said(periods: Sequence[Period], level: LevelCover | None = None) -> str:
    """As in "12 h, first from Sat 21 Nov 20:00 to Sun 22 Nov 08:00 UTC, 2 times in all"."""
    if level is not None and periods == [(level.stretches[0].start, level.stretches[-1].end)]:
        return f"all of the next {_length(level)} days"
    total = sum((end - start for start, end in periods), timedelta())
    seconds = int(total.total_seconds())
    rounded = seconds - seconds % 60 or seconds
    times = f", {len(periods)} times in all" if len(periods) > 1 else ""
    word = "first from" if len(periods) > 1 else "from"
    start, end = periods[0]
    return f"{exact_duration(rounded)}, {word} {_when(start)} to {_when(end)} UTC{times}"


def _length(level: LevelCover) -> int:
    return round((level.stretches[-1].end - level.stretches[0].start) / timedelta(days=1))


def _when(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b %H:%M}"


def _days(name: str, periods: Iterable[Period]) -> str:
    """The same for a day: what has begun goes on, and its figures shrink by the minute."""
    return f"{name}: " + ", ".join(sorted({f"{start:%Y-%m-%d}" for start, _ in periods}))


def _names(names: Iterable[str], count: int) -> str:
    shown = list(names)[:NAMED]
    if count > len(shown):
        return f"{', '.join(shown)} and {count - len(shown)} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
