"""What is known of an incident, in the words of its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from config.lib.sensitive import hidden_facts
from escalations.models import Incident

FACT_LABELS = {
    "arr_at_risk": "Revenue at risk",
    "users_pct": "Users affected",
    "data_or_legal_confirmed": "Data or legal risk confirmed",
    "data_or_legal_suspected": "Data or legal risk suspected",
    "core_down_no_workaround": "Core function down, no workaround",
    "uptime_breached": "Uptime promise broken",
}


@dataclass(frozen=True, slots=True)
class FactView:
    name: str
    value: str
    source: str
    at: datetime


def facts_of(incident: Incident, user: User) -> tuple[FactView, ...]:
    """The latest word on each fact."""
    last = {fact.name: fact for fact in incident.facts_log.all()}
    hidden = hidden_facts(user)
    return tuple(
        FactView(
            FACT_LABELS.get(name, name),
            "known, not shown to you" if name in hidden else _value(name, fact.value),
            fact.source,
            fact.at,
        )
        for name, fact in last.items()
    )


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "users_pct":
        return f"{value} %"
    try:
        return f"{float(value):,.0f}" if name == "arr_at_risk" else str(value)
    except (TypeError, ValueError):
        return str(value)
