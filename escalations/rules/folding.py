"""Who speaks on a timeline, and which runs of the machine's events stand under one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class Voice(StrEnum):
    PEOPLE = "people"
    CUSTOMER = "customer"
    MACHINE = "machine"


# The machine calling for somebody, again and again: pages and missed updates alternate then.
CALLS = frozenset(
    {
        "ladder_page",
        "ladder_empty",
        "ladder_fallback",
        "ladder_held",
        "clock_miss",
        "clock_warning",
        "ack_expired",
    }
)
# One each is news, however many stand beside each other.
NEVER = frozenset({"clock_breach", "severity", "opened", "resolved", "closed", "reopened"})
FEWEST = 3
# What Belay does on somebody's word, and what a sender's own sign-in sets off, is still Belay's.
BY_MACHINE = frozenset(
    {
        "opened",
        "signal",
        "signal_ended",
        "kpi_state",
        "clock_stopped",
        "clock_retargeted",
        "ladder_halted",
    }
)


def voice_of(kind: str, *, is_public: bool, has_actor: bool) -> Voice:
    if is_public:
        return Voice.CUSTOMER
    return Voice.PEOPLE if has_actor and kind not in BY_MACHINE else Voice.MACHINE


def family(kind: str) -> str:
    """Kinds of one family fold together; "" never folds."""
    if kind in NEVER:
        return ""
    return "calls" if kind in CALLS else kind


def folded(
    events: Sequence[T], *, voice: Callable[[T], Voice], kind: Callable[[T], str]
) -> list[list[T]]:
    """The events in order, in groups: a run of three or more of the machine's of one family is
    one group, anything else a group of its own."""
    runs: list[tuple[str, list[T]]] = []
    for event in events:
        name = family(kind(event)) if voice(event) is Voice.MACHINE else ""
        if name and runs and runs[-1][0] == name:
            runs[-1][1].append(event)
        else:
            runs.append((name, [event]))
    groups: list[list[T]] = []
    for _, run in runs:
        groups.extend([run] if len(run) >= FEWEST else [[event] for event in run])
    return groups
