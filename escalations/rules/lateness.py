"""How late things were: nearest-rank percentiles, so that every figure is one that happened."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

PERCENTS = (50, 95, 99)


def lateness(late_ms: Iterable[int]) -> dict[str, int]:
    """`count`, `p50`, `p95`, `p99` and `max` in milliseconds; zeros where nothing happened.
    Something done before its time counts as on time."""
    rows = sorted(max(0, each) for each in late_ms)
    found = {"count": len(rows)}
    for percent in PERCENTS:
        found[f"p{percent}"] = rows[ceil(len(rows) * percent / 100) - 1] if rows else 0
    found["max"] = rows[-1] if rows else 0
    return found
