"""What a KPI's unit says about its numbers."""

from __future__ import annotations

# Counts, times and sizes. Money, shares and scores may well be below 0: a loss, a change, a NPS.
NEVER_NEGATIVE = frozenset(
    "ms s sec second seconds min minute minutes h hour hours d day days week weeks "
    "b byte bytes kb mb gb tb kib mib gib tib count users orders requests errors tickets".split()
)


def is_never_negative(unit: str) -> bool:
    """Would a negative target be nonsense in this unit? An unknown unit may be anything."""
    return unit.strip().casefold() in NEVER_NEGATIVE
