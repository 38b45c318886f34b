"""What changes from one version of a KPI's limits to another, in plain sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from escalations.rules.facts import ARR_AT_RISK
from escalations.rules.policy import Severity

LEVEL_WORDS = {
    "target": "Target",
    "warn": "Warning",
    "breach": "Breach",
    "clear_warn": "Warning ends",
    "clear_breach": "Breach ends",
}
SIDE_WORDS = {"lo": "below", "hi": "above"}
END_WORDS = {"lo": "from", "hi": "up to"}
PLAIN = {
    "mode": "Limits used",
    "direction": "Good is",
    "warn_k": "Learned warning, spreads from usual",
    "breach_k": "Learned breach, spreads from usual",
    "resolution": "Smallest step that matters",
    "n": "Readings that enter (N)",
    "m": "of the last (M)",
    "c": "Good readings that leave (C)",
    "missing": "When readings are missing",
    "lateness_s": "Lateness allowed, seconds",
}
SEVERITIES = {"warn_severity": "A warning is", "breach_severity": "A breach is"}
FACTS = {"warn_facts": "known from warning on", "breach_facts": "known from breach on"}


def threshold_sentences(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    number: Callable[[float], str],
    *,
    sees_revenue: bool = False,
) -> tuple[str, ...]:
    """One sentence for each column that differs; `number` writes a value with its unit. Without
    `sees_revenue` a change of revenue is told and its amount is not."""
    found = []
    for name in before.keys() & after.keys() & PLAIN.keys():
        if before[name] != after[name]:
            found.append((name, _moved(PLAIN[name], _word(before[name]), _word(after[name]))))
    for level, label in LEVEL_WORDS.items():
        for side in ("lo", "hi"):
            name = f"{level}_{side}"
            old, new = before[name], after[name]
            if old != new:
                words = SIDE_WORDS if level in ("warn", "breach") else END_WORDS
                found.append((name, _moved(f"{label} {words[side]}", *_numbers(old, new, number))))
    for name, label in SEVERITIES.items():
        old, new = (Severity(each[name]).name for each in (before, after))
        if old != new:
            found.append((name, _moved(label, old, new)))
    for name, label in FACTS.items():
        found += [(name, each) for each in _facts(before[name], after[name], label, sees_revenue)]
    if before["revenue_exposed"] != after["revenue_exposed"]:
        old, new = (_word(each["revenue_exposed"]) for each in (before, after))
        found.append(("revenue_exposed", _revenue("Revenue exposed", old, new, sees_revenue)))
    order = list(before)
    return tuple(sentence for _, sentence in sorted(found, key=lambda each: order.index(each[0])))


def _facts(
    old: Mapping[str, Any], new: Mapping[str, Any], label: str, sees_revenue: bool
) -> list[str]:
    found = []
    for fact in sorted(old.keys() | new.keys()):
        was, is_now = _word(old.get(fact)), _word(new.get(fact))
        if was == is_now:
            continue
        name = f"{fact.replace('_', ' ').capitalize()}, {label}"
        is_open = sees_revenue or fact != ARR_AT_RISK
        found.append(_revenue(name, was, is_now, is_open))
    return found


def _revenue(label: str, old: str, new: str, is_open: bool) -> str:
    return _moved(label, old, new) if is_open else f"{label}: changed."


def _numbers(old: Any, new: Any, number: Callable[[float], str]) -> tuple[str, str]:
    """Rounded as people read them, unless both would read the same."""
    said = tuple("none" if each is None else number(each) for each in (old, new))
    if said[0] == said[1]:
        said = (_word(old), _word(new))
    return said[0], said[1]


def _moved(label: str, old: str, new: str) -> str:
    return f"{label}: {old} becomes {new}."


def _word(value: Any) -> str:
    if value is None or value == "":
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
