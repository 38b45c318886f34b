"""Due times in a sentence."""

from __future__ import annotations

from datetime import datetime

from escalations.models import Clock
from escalations.rules.clock_events import RunState


def said(clock: Clock) -> str:
    """Its due time, which is a projection while it is paused."""
    if clock.run_state == RunState.PAUSED.value:
        return f"{word(clock.due_at)} if resumed now"
    return word(clock.due_at)


def word(at: datetime | None) -> str:
    return f"{at:%d %b %H:%M} UTC" if at else "never"
