"""Why a promise was broken: a proposal from where the time went (SEMANTICS 1.5).

Each instant of the broken interval belongs to the first cause that holds there, in the order of
`ORDER`; the cause with the most time is proposed. A person confirms it or says another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

# Who has as many others in hand cannot give this one the time it needs.
CAPACITY = 5


class Cause(StrEnum):
    NO_ACK = "no_ack"
    NO_OWNER = "no_owner"
    HANDOFF_DELAY = "handoff_delay"
    WAITING_INTERNAL = "waiting_internal"
    WAITING_CUSTOMER_UNTRACKED = "waiting_customer_untracked"
    RETARGET = "retarget"
    CALENDAR = "calendar"
    CAPACITY = "capacity"
    TECHNICAL = "technical"
    UNKNOWN = "unknown"


LABELS = {
    Cause.NO_ACK: "Nobody acknowledged",
    Cause.NO_OWNER: "Nobody owned it",
    Cause.HANDOFF_DELAY: "A hand-off took long",
    Cause.WAITING_INTERNAL: "We waited for ourselves",
    Cause.WAITING_CUSTOMER_UNTRACKED: "We waited for the customer without saying so",
    Cause.RETARGET: "Its target changed",
    Cause.CALENDAR: "Its calendar changed",
    Cause.CAPACITY: "Its owner had too much",
    Cause.TECHNICAL: "The fault was hard",
    Cause.UNKNOWN: "Not known",
}
ORDER = (
    Cause.HANDOFF_DELAY,
    Cause.NO_OWNER,
    Cause.NO_ACK,
    Cause.WAITING_CUSTOMER_UNTRACKED,
    Cause.CAPACITY,
    Cause.WAITING_INTERNAL,
    Cause.TECHNICAL,
)

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of the time from `start` to `end`, when the promise broke.

    `changed` names a change at the very instant of the breach: retarget or calendar. `paused` is
    not counted. The spans of a cause may overlap each other and reach beyond the interval.
    """

    start: datetime
    end: datetime
    changed: Cause | None = None
    spans: dict[Cause, Sequence[Interval]] = field(default_factory=dict)
    paused: Sequence[Interval] = ()


def shares(story: Story) -> dict[Cause, timedelta]:
    """How much of the interval each cause has; what none explains is `unknown`."""
    inside = [_cut(story, spans) for spans in (story.spans.get(cause, ()) for cause in ORDER)]
    paused = _cut(story, story.paused)
    cuts = {story.start, story.end}
    for spans in (*inside, paused):
        for a, b in spans:
            cuts |= {a, b}
    found: dict[Cause, timedelta] = {}
    edges = sorted(cuts)
    for a, b in zip(edges, edges[1:], strict=False):
        if _holds(paused, a):
            continue
        holding = (cause for cause, spans in zip(ORDER, inside, strict=True) if _holds(spans, a))
        cause = next(holding, Cause.UNKNOWN)
        found[cause] = found.get(cause, timedelta(0)) + (b - a)
    return found


def propose(story: Story) -> Cause:
    """The cause with the longest time; of equal ones the first of `ORDER`."""
    if story.changed is not None:
        return story.changed
    found = shares(story)
    if not found:
        return Cause.UNKNOWN
    return max((*ORDER, Cause.UNKNOWN), key=lambda cause: found.get(cause, timedelta(0)))


def _cut(story: Story, spans: Iterable[Interval]) -> list[Interval]:
    cut = ((max(a, story.start), min(b, story.end)) for a, b in spans)
    return [(a, b) for a, b in cut if a < b]


def _holds(spans: Iterable[Interval], at: datetime) -> bool:
    return any(a <= at < b for a, b in spans)
