"""The job that keeps what was seen when incidents opened."""

from __future__ import annotations

from config.lib.clock import now
from escalations.services.snapshots import BATCH, keep_openings


def keep() -> None:
    """May run twice or late: it takes whatever has no snapshot yet."""
    at = now()
    while keep_openings(at) == BATCH:
        pass
