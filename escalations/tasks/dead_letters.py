"""Forgets old tries to send, once a day."""

from __future__ import annotations

from config.lib.clock import now
from escalations.services.dead_letters import forget_old_tries


def forget_tries() -> str:
    return f"{forget_old_tries(now())} forgotten"
