"""How long a promise stood still, and for whom, from its ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from escalations.rules.clock_events import ClockEvent, known_in_order

REASONS = ("customer_wait", "third_party_wait")
ENDS = frozenset({"stop", "cancel"})


@dataclass(frozen=True, slots=True)
class Paused:
    """Seconds by the wall: `total_s` from start to end or now. Waits that overlap count once in
    `paused_s` and for each in `by_reason`."""

    total_s: float
    paused_s: float
    by_reason: tuple[tuple[str, float], ...] = ()

    @property
    def share(self) -> float | None:
        return self.paused_s / self.total_s if self.total_s > 0 else None


def paused_of(events: Iterable[ClockEvent], at: datetime) -> Paused:
    """Replays start, pause, resume, customer_reply, stop, cancel and reopen as known at `at`."""
    total = paused = 0.0
    reasons = dict.fromkeys(REASONS, 0.0)
    waits: set[str] = set()
    since: datetime | None = None

    def advance(now: datetime) -> None:
        nonlocal total, paused, since
        if since is None:
            return
        seconds = (now - since).total_seconds()
        total += seconds
        paused += seconds if waits else 0.0
        for reason in waits:
            reasons[reason] += seconds
        since = now

    for event in known_in_order(events, at):
        advance(event.at)
        if event.type in ("start", "reopen") and since is None:
            since = event.at
        elif event.type == "pause" and event.reason in reasons:
            waits.add(event.reason)
        elif event.type == "resume":
            waits -= {event.reason} if event.reason else set(REASONS)
        elif event.type == "customer_reply":
            waits.discard("customer_wait")
        elif event.type in ENDS:
            waits, since = set(), None
    advance(at)
    return Paused(total, paused, tuple(reasons.items()))
