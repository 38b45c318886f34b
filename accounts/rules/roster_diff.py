"""What changes from one plan of a roster to another: in sentences, and who answers when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from accounts.rules.hours_diff import NAMES

Turn = tuple[datetime, datetime, int | None]
Differing = tuple[datetime, datetime, int | None, int | None]
ORDER = "zone handoff rhythm start_on people restrict".split()
WORDS = {
    "zone": "time zone",
    "handoff": "hand-over",
    "rhythm": "turns",
    "start_on": "first hand-over",
    "people": "people in their order",
    "restrict": "hours",
}


def roster_sentences(
    before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[int, str]
) -> tuple[str, ...]:
    """Both as {layers, fallback, accepts_gaps}; `names` by id of the person."""
    return tuple(_sentences(before, after, names))


def _sentences(
    before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[int, str]
) -> Iterator[str]:
    old, new = before["layers"], after["layers"]
    for number in range(1, max(len(old), len(new)) + 1):
        was = _said(old[number - 1], names) if number <= len(old) else None
        now = _said(new[number - 1], names) if number <= len(new) else None
        if was is None and now is not None:
            yield f"Layer {number} is new: {now['people']}, {now['rhythm']}, {now['restrict']}."
        elif now is None and was is not None:
            yield f"Layer {number} is gone: {was['people']}."
        elif was is not None and now is not None:
            for name in ORDER:
                if was[name] != now[name]:
                    yield f"Layer {number}, {WORDS[name]}: {was[name]} becomes {now[name]}."
    if before["fallback"] != after["fallback"]:
        was_word, now_word = (_name(each["fallback"], names) for each in (before, after))
        yield f"Fallback: {was_word} becomes {now_word}."
    if before["accepts_gaps"] != after["accepts_gaps"]:
        is_meant = after["accepts_gaps"]
        yield "Gaps are meant so." if is_meant else "Gaps are not meant so any more."


def _said(layer: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, str]:
    every = layer["every"]
    rhythm = f"every {layer['unit']}" if every == 1 else f"every {every} {layer['unit']}s"
    windows = [
        f"{NAMES[day]} {', '.join('-'.join(window) for window in layer['restrict'][day])}"
        for day in NAMES
        if layer["restrict"].get(day)
    ]
    return {
        "zone": layer["zone"],
        "handoff": layer["handoff"],
        "rhythm": rhythm,
        "start_on": layer["start_on"] or "with the version",
        "people": ", ".join(_name(pk, names) for pk in layer["people"]),
        "restrict": "; ".join(windows) or "around the clock",
    }


def _name(pk: int | None, names: Mapping[int, str]) -> str:
    return "nobody" if pk is None else names.get(pk, "somebody who is gone")


def differing(before: Sequence[Turn], after: Sequence[Turn]) -> list[Differing]:
    """The times in which somebody else answers, in order: from, to, instead of whom, who. Both
    cover the same period without gaps; None is nobody."""
    found: list[Differing] = []
    cuts = sorted({at for start, end, _ in (*before, *after) for at in (start, end)})
    for start, end in zip(cuts, cuts[1:], strict=False):
        old, new = _at(before, start), _at(after, start)
        if old == new:
            continue
        last = found[-1] if found else None
        if last is not None and last[1] == start and last[2:] == (old, new):
            found[-1] = (last[0], end, old, new)
        else:
            found.append((start, end, old, new))
    return found


def _at(turns: Sequence[Turn], at: datetime) -> int | None:
    return next((person for start, end, person in turns if start <= at < end), None)
