"""Incidents that come together: groups, and storms in which one pages for all (SEMANTICS 2.4)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalations.rules.limits import Limits

OVERALL = "all"


@dataclass(frozen=True, slots=True)
class Group:
    """The first incident of those that came together, and when the last of them came."""

    first: Hashable
    dimensions: frozenset[str]
    started_at: datetime
    last_at: datetime


def dimensions_of(*, account: str = "", area: str = "", kpi: str = "") -> frozenset[str]:
    """What an incident may share with another. One of a KPI shares only its KPI."""
    if kpi:
        return frozenset({f"kpi:{kpi}"})
    found = {"account": account, "area": area}
    return frozenset(f"{name}:{value}" for name, value in found.items() if value)


def group_of(
    groups: Iterable[Group], dimensions: frozenset[str], at: datetime, limits: Limits
) -> Group | None:
    """The oldest group that this incident belongs to: it shares something with the first of it,
    the last came within `group_within_s`, the first within `group_at_most_s`."""
    within = timedelta(seconds=limits.group_within_s)
    at_most = timedelta(seconds=limits.group_at_most_s)
    fitting = [
        group
        for group in groups
        if group.dimensions & dimensions
        and at - group.last_at <= within
        and at - group.started_at <= at_most
    ]
    return min(fitting, key=lambda group: group.started_at, default=None)


def limit_of(dimension: str, limits: Limits) -> int:
    """More than this many within `storm_within_s` are a storm."""
    return limits.storm_overall if dimension == OVERALL else limits.storm_of_one


def ends_at(
    opened: Sequence[datetime], started_at: datetime, dimension: str, limits: Limits
) -> datetime:
    """When a storm is over if no more come: `storm_calm_s` after its rate last fell below half.

    `opened`: openings of its dimension, oldest first, at least those of the calm and one window
    before. The rate at an instant is how many opened in the window that ends there.
    """
    within = timedelta(seconds=limits.storm_within_s)
    half = max(1, -(-limit_of(dimension, limits) // 2))
    calm_since = started_at
    if len(opened) >= half:
        for first, last in zip(opened, opened[half - 1 :], strict=False):
            if last - first < within:
                calm_since = max(calm_since, first + within)
    return calm_since + timedelta(seconds=limits.storm_calm_s)
