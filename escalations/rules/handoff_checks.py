"""What should be true before an incident changes hands, and what its receiver relies on, by stage.

The house looks for itself what it can see; nobody ticks boxes at 3 a.m. What is open does not stop
a hand-off: the receiver sees it before accepting, and that is the point.
"""

from __future__ import annotations

from dataclasses import dataclass

from escalations.rules.situation import State

BEFORE = frozenset({State.NEW, State.TRIAGED, State.ACKNOWLEDGED, State.VERIFYING, State.REOPENED})
AFTER = frozenset({State.CONTAINED, State.MONITORING})


@dataclass(frozen=True, slots=True)
class Standing:
    """What is true of an incident now. `is_told`: the customer heard from us; None without one.
    `is_verified`: the data of its KPI was checked; None without a KPI."""

    is_severity_sure: bool
    has_category: bool
    is_told: bool | None
    is_verified: bool | None
    has_late_promise: bool
    has_undated_wait: bool
    has_plan: bool
    has_open_approval: bool


@dataclass(frozen=True, slots=True)
class Check:
    sentence: str
    is_done: bool


def checklist(state: State, standing: Standing) -> tuple[Check, ...]:
    """Open ones first, each in the order of work."""
    found = [
        Check("The severity is checked", standing.is_severity_sure),
        Check("No promise is late", not standing.has_late_promise),
        Check("Whatever is awaited has a date to ask again", not standing.has_undated_wait),
        Check("No decision waits for a yes", not standing.has_open_approval),
    ]
    if standing.is_told is not None:
        found.append(Check("The customer has heard from us", standing.is_told))
    if standing.is_verified is not None:
        found.append(Check("The data of the KPI is verified", standing.is_verified))
    if state in BEFORE:
        found.append(Check("It has a category", standing.has_category))
    else:
        found.append(Check("What is being done is written down", standing.has_plan))
    return tuple(sorted(found, key=lambda check: check.is_done))


def criteria(state: State) -> tuple[str, ...]:
    """Whoever accepts says by it that this holds."""
    found = ["You can do the next step by its time, or say now who will."]
    found.append("You reach the people named here, and the bridge opens for you.")
    if state in BEFORE:
        found.append("You know who is hit, and since when.")
    elif state in AFTER:
        found.append("You know which figure says that it is over, and where to read it.")
    else:
        found.append("You know what was tried, and what must not be tried again.")
    return tuple(found)
