"""How much paging people can bear, as values of a policy version (SEMANTICS 2.2, 2.4).

Durations in whole seconds (`_s`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class Limits:
    """`pages_*` are per person; past them pages wait or travel together, none is dropped."""

    pages_per_minute: int = 1
    pages_per_quarter: int = 5  # of an hour
    pages_per_hour: int = 11
    bundle_every_s: int = 300
    group_within_s: int = 300  # of the last incident of the group
    group_at_most_s: int = 3600  # of its first one
    storm_of_one: int = 10  # more than this many of one account, area or KPI begin a storm
    storm_overall: int = 30
    storm_within_s: int = 300
    storm_calm_s: int = 900  # below half the rate for so long: over
    snooze_at_most_s: int = 28_800
    snooze_margin_percent: int = 25  # of the time left that a snooze must leave
    quiet_from: time = time(22)  # local to each person who names no hours of their own
    quiet_to: time = time(7)
