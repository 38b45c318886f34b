"""Which rule of a policy version asks for a task force, and how such a rule is said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

from accounts.rules.zones import zone_named
from escalations.rules.policy import Daily, EveryHours, PolicyDoc, Severity, TaskForceRule

LONGEST_H = 168
_EVERY = re.compile(r"every ([0-9]{1,3}) ?h(?:ours?)?")
_DAILY = re.compile(r"daily at ([0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?) (\S+)")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is known of an incident; "" is not known."""

    severity: Severity
    tier: str = ""
    product_area: str = ""
    category: str = ""


def task_force_for(doc: PolicyDoc, trouble: Trouble) -> TaskForceRule | None:
    """The first rule whose every condition holds; what is unknown never holds."""
    ordered = sorted(doc.task_forces, key=lambda rule: rule.position)
    return next((rule for rule in ordered if holds(rule, trouble)), None)


def holds(rule: TaskForceRule, trouble: Trouble) -> bool:
    return (
        trouble.severity <= rule.severity_at_least
        and rule.tier in ("", trouble.tier)
        and rule.category in ("", trouble.category)
        and rule.product_area.casefold() in ("", trouble.product_area.casefold())
    )


# --- words --------------------------------------------------------------------------------------
def when_in_words(rule: TaskForceRule) -> str:
    severity = rule.severity_at_least
    said = [severity.label if severity is Severity.S1 else f"{severity.label} or worse"]
    for name in ("tier", "product_area", "category"):
        if value := getattr(rule, name):
            said.append(f"{name.replace('_', ' ')} is {value}")
    return " and ".join(said)


def meets_in_words(meets: EveryHours | Daily | None) -> str:
    """As `read_meets` reads it; "" without a meeting."""
    match meets:
        case EveryHours():
            return f"every {meets.hours} h"
        case Daily():
            at = meets.at.isoformat("seconds" if meets.at.second else "minutes")
            return f"daily at {at} {meets.zone}"
    return ""


def read_meets(text: str) -> EveryHours | Daily | None:
    """Raises ValueError for what is no meeting, no time or no zone."""
    text = " ".join(text.split())
    if not text:
        return None
    if found := _EVERY.fullmatch(text):
        hours = int(found[1])
        if not 1 <= hours <= LONGEST_H:
            raise ValueError(text)
        return EveryHours(hours)
    if found := _DAILY.fullmatch(text):
        zone_named(found[2])
        hour, rest = found[1].split(":", 1)
        return Daily(time.fromisoformat(f"{hour:0>2}:{rest}"), found[2])
    raise ValueError(text)
