"""An exception that waits for an answer and a pause that lasts, for tests that walk every door."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from escalations.services.automation import pause_automation
from escalations.services.exceptions import ask_exception


def plant_exceptions(company: dict[str, Any], at: datetime) -> dict[str, int]:
    """The pause is of a ladder that nothing climbs, so that it keeps nothing here."""
    asked = {"policy": "standard", "rule": "By phone.", "reason": "Their mail is down."}
    asked |= {"expires_at": at + timedelta(days=2)}
    paused = {"scope": "ladder", "policy": "standard", "ladder": "queue", "reason": "A trial."}
    paused |= {"ends_at": at + timedelta(hours=2)}
    return {
        "exception": ask_exception(asked, by=company["agent"], at=at).pk,
        "pause": pause_automation(paused, by=company["duty"], at=at).pk,
    }


def plant_hidden_exception(number: int, word: str, company: dict[str, Any], at: datetime) -> int:
    """Of an incident that not everybody may see."""
    asked = {"policy": "standard", "incident": number, "rule": word, "reason": word}
    asked |= {"expires_at": at + timedelta(days=2)}
    return ask_exception(asked, by=company["duty"], at=at).pk
