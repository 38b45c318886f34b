"""When a hand-off expires, and what counts as a return (SEMANTICS 2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from escalations.rules.policy import Severity

KEEP_OWNER = timedelta(hours=2)


def answer_within(severity: Severity) -> timedelta:
    return timedelta(minutes=10 if severity is Severity.S1 else 30)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who had it: a person, in the name of a team where there is one."""

    person: int
    team: int | None


def is_return(before: Sequence[Holder], to: Holder) -> bool:
    """Does it come back to a team that owned it before; within one team, to the same person?

    `before` are the holders so far, oldest first; the last one hands it off.
    """
    if not before:
        return False
    if to.team is not None and to.team != before[-1].team:
        return to.team in {holder.team for holder in before}
    return to.person in {holder.person for holder in before[:-1]}
