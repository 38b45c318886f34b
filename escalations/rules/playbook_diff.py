"""What changes from one version of a playbook to another, in plain sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TEXTS = {
    "when_to_use": "When to use it",
    "hypothesis": "Hypothesis",
    "success_criterion": "What shows that it worked",
    "rollback": "How to undo it",
}
STEP_TEXTS = {
    "instructions": "instructions",
    "expected_outcome": "expected outcome",
    "owner_role": "who does it",
}
QUOTED = 160


def playbook_sentences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """`before` and `after` are versions as their hash reads them: texts, `needs_approval` and
    `steps`. Steps are known by their titles; of two with one title the first is meant."""
    found = [
        f"{label}: {_quoted(before[name])} becomes {_quoted(after[name])}."
        for name, label in TEXTS.items()
        if before[name] != after[name]
    ]
    if before["needs_approval"] != after["needs_approval"]:
        word = "needs" if after["needs_approval"] else "no longer needs"
        found.append(f"A run {word} a second person.")
    return (*found, *_steps(before["steps"], after["steps"]))


def _steps(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[str]:
    was, now = _by_title(old), _by_title(new)
    found = [f"Step {title!r} is removed." for title in was if title not in now]
    kept = [title for title in was if title in now]
    order = [title for title in now if title in was]
    for place, (title, step) in enumerate(now.items(), 1):
        if title not in was:
            found.append(f"Step {title!r} is new, in place {place}.")
            continue
        found += [f"Step {title!r}, {said}" for said in _changes(was[title], step)]
    if kept != order:
        found.append(f"The order becomes: {'; '.join(order)}.")
    if len(was) == len(old) and len(now) == len(new):
        return found
    return found if found or list(old) == list(new) else ["Steps of one title change."]


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    found = [
        f"{label}: {_quoted(old[name])} becomes {_quoted(new[name])}."
        for name, label in STEP_TEXTS.items()
        if old[name] != new[name]
    ]
    if old["timebox_s"] != new["timebox_s"]:
        found.append(f"time box: {_minutes(old)} becomes {_minutes(new)}.")
    if old["needs_approval"] != new["needs_approval"]:
        word = "needs" if new["needs_approval"] else "no longer needs"
        found.append(f"{word} a second person.")
    return found


def _by_title(steps: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for step in steps:
        found.setdefault(step["title"], step)
    return found


def _quoted(text: str) -> str:
    words = " ".join(str(text).split())
    if not words:
        return "nothing"
    return f'"{words[:QUOTED]}{"…" if len(words) > QUOTED else ""}"'


def _minutes(step: Mapping[str, Any]) -> str:
    minutes, seconds = divmod(step["timebox_s"], 60)
    return f"{minutes} min" if not seconds else f"{minutes} min {seconds} s"
