"""When the owner of a roster hears of a gap ahead: 14, 3 and 1 days before it (SEMANTICS 3.1)."""

from __future__ import annotations

from datetime import datetime, timedelta

STAGES = (1, 3, 14)  # days, the most pressing first


def stage_of(start: datetime, at: datetime) -> int | None:
    """The stage that is due at `at` for a gap that begins at `start`; None: too early, or begun.

    Noticed late, it is the most pressing one that has been reached.
    """
    if start <= at:
        return None
    return next((days for days in STAGES if start - at <= timedelta(days=days)), None)
