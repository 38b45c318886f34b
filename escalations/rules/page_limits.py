"""How many pages one person gets (SEMANTICS 2.4): some wait, some travel together, none is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalations.rules.limits import Limits

MINUTE, QUARTER, HOUR = timedelta(minutes=1), timedelta(minutes=15), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Turn:
    """When the next page may leave, and how. `at` in the past: now. `is_bundle`: everything that
    waits for this person goes with it. `why` says what holds a page back."""

    at: datetime
    is_bundle: bool = False
    why: str = ""


def next_turn(sent: Sequence[datetime], at: datetime, limits: Limits) -> Turn:
    """`sent`: when this person's pages of the last hour left, a bundle counting once, oldest first.

    Two pages a minute apart are told apart; past the limits of a quarter or an hour a bundle
    leaves every `bundle_every_s`.
    """
    recent = [each for each in sent if at - each < HOUR]
    if not recent:
        return Turn(at)
    in_quarter = sum(at - each < QUARTER for each in recent)
    why = ""
    if len(recent) >= limits.pages_per_hour:
        why = f"{len(recent)} pages in an hour: the rest comes together"
    elif in_quarter >= limits.pages_per_quarter:
        why = f"{in_quarter} pages in 15 minutes: the rest comes together"
    if why:
        return Turn(recent[-1] + timedelta(seconds=limits.bundle_every_s), True, why)
    in_minute = [each for each in recent if at - each < MINUTE]
    if len(in_minute) >= limits.pages_per_minute:
        oldest = in_minute[-limits.pages_per_minute]
        return Turn(oldest + MINUTE, False, f"at most {limits.pages_per_minute} a minute")
    return Turn(at)
