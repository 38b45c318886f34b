"""How long the ladder of an answered incident may sleep (SEMANTICS 2.2.8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from escalations.rules.limits import Limits


@dataclass(frozen=True, slots=True)
class Snooze:
    """`why` is empty when all that was asked for is granted."""

    until: datetime
    why: str = ""


def granted(asked: datetime, at: datetime, due: datetime | None, limits: Limits) -> Snooze:
    """The earliest of: what was asked, the longest snooze, and the share of the time before `due`
    that a snooze must leave. A promise that is late already (or none) sets no limit."""
    longest = at + timedelta(seconds=limits.snooze_at_most_s)
    found = Snooze(asked)
    if longest < asked:
        found = Snooze(longest, f"a snooze lasts at most {_span(longest - at)}")
    if due is not None and due > at:
        share = (due - at) * limits.snooze_margin_percent / 100
        if due - share < found.until:
            percent = limits.snooze_margin_percent
            found = Snooze(
                due - share, f"{percent} % of the time before {due:%H:%M} UTC must be left"
            )
    return found


def _span(length: timedelta) -> str:
    hours, rest = divmod(int(length.total_seconds()), 3600)
    return f"{hours} h" if rest == 0 else f"{hours} h {rest // 60} min"
