"""Whom a level of a ladder reaches at one instant, and why nobody where it is nobody."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from escalations.rules.policy import (
    Ladder,
    LadderTarget,
    Level,
    Notify,
    QuietHours,
    TargetKind,
)

Resolve = Callable[[LadderTarget, datetime], tuple[Hashable, ...]]
Quiet = Callable[[Hashable, datetime], datetime | None]


def awake(person: Hashable, at: datetime) -> datetime | None:
    """Nobody sleeps: for an S1, and where quiet hours do not matter."""
    return None


NOBODY = "nobody on level {} can be reached"
ALREADY_PAGED = "everyone on level {} was already paged in this cycle"
ASLEEP = "everyone on level {} sleeps longer than the level waits"


def fresh(
    ladder: Ladder,
    number: int,
    resolve: Resolve,
    at: datetime,
    known: Iterable[Hashable],
    quiet: Quiet,
    until: datetime | None = None,
) -> tuple[tuple[Hashable, ...], str]:
    """People of a level not yet paged who are awake before `until` (default: the level's time from
    now), and when there are none the reason."""
    level = ladder.levels[number - 1]
    people = resolved(targets(level), resolve, at)
    known = set(known)
    left = [person for person in people if person not in known]
    if not left:
        return (), (ALREADY_PAGED if people else NOBODY).format(number)
    until = until or at + timedelta(seconds=level.ack_timeout_s)
    if level.quiet_hours is QuietHours.RESPECT:
        left = [person for person in left if (quiet(person, at) or at) < until]
    return tuple(left), "" if left else ASLEEP.format(number)


def asleep(
    people: Iterable[Hashable], quiet: Quiet, at: datetime, level: Level
) -> tuple[tuple[Hashable, datetime], ...]:
    """Who of a level sleeps now, and until when."""
    if level.quiet_hours is not QuietHours.RESPECT:
        return ()
    return tuple((person, end) for person in people if (end := quiet(person, at)) is not None)


def targets(level: Level) -> tuple[LadderTarget, ...]:
    if level.notify is Notify.ALL:
        return level.targets
    return tuple(
        replace(target, kind=TargetKind.NEXT_ON_CALL)
        if target.kind is TargetKind.ROSTER
        else target
        for target in level.targets
    )


def resolved(
    targets: Iterable[LadderTarget], resolve: Resolve, at: datetime
) -> tuple[Hashable, ...]:
    return tuple(dict.fromkeys(person for target in targets for person in resolve(target, at)))
