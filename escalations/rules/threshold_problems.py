"""What may be wrong with a threshold before it is saved."""

from __future__ import annotations

import math

from escalations.rules.thresholds import LEVELS, Bands, Direction

Problem = tuple[str, str, str]  # field, code, sentence


def problems(bands: Bands, n: int, m: int, c: int, *, needs_limits: bool = True) -> list[Problem]:
    """What is wrong with a threshold, as (field, code, sentence); empty when it may be saved.

    Fields carry the names people type: `warn` for one-sided KPIs, `warn_lo` for a range. A side
    that needs no limits may have none at all, never some of them.
    """
    if bands.direction not in list(Direction):
        return [("direction", "invalid", "Choose higher, lower or range.")]
    found = _count_problems(n, m, c)
    is_range = bands.direction == Direction.RANGE
    empty = () if needs_limits else bands.empty_sides
    usable = True
    for level in LEVELS:
        for side in ("lo", "hi"):
            value = getattr(bands, f"{level}_{side}")
            field = f"{level}_{side}" if is_range or level == "target" else level
            if value is None:
                if side in bands.sides and side not in empty and level != "target":
                    found.append((field, "required", f"Give a limit for {_words(level)}."))
                    usable = False
            elif not math.isfinite(value):
                found.append((field, "not_finite", "Give a finite number."))
                usable = False
            elif side not in bands.sides and level != "target":
                found.append((field, "not_used", f"A {bands.direction} KPI has no {side} side."))
    if not usable:
        return found
    for side in bands.sides:
        if side not in empty:
            found += _order_problems(bands, side, is_range)
    lo, hi = bands.target_lo, bands.target_hi
    if lo is not None and hi is not None and lo > hi:
        found.append(("target_hi", "order", "The target must not end below its start."))
    low, high = bands.clear_warn_lo, bands.clear_warn_hi
    if is_range and low is not None and high is not None and low > high:
        found.append(("clear_warn_hi", "order", "The low side must stay below the high side."))
    return found


def _count_problems(n: int, m: int, c: int) -> list[Problem]:
    found = [
        (field, "too_small", "Give a whole number from 1.")
        for field, number in (("n", n), ("m", m), ("c", c))
        if number < 1
    ]
    if n > m:
        found.append(("n", "n_above_m", f"{n} of {m} points can never be reached: lower N."))
    return found


def _order_problems(bands: Bands, side: str, is_range: bool) -> list[Problem]:
    """Higher: breach < clear_breach <= warn < clear_warn <= target. Lower is the mirror."""
    found = []
    sign = 1 if side == "lo" else -1
    word = "above" if side == "lo" else "below"
    for worse, better in zip(LEVELS, LEVELS[1:], strict=False):
        bad = getattr(bands, f"{worse}_{side}")
        good = getattr(bands, f"{better}_{side}")
        if good is None:  # no target on this side
            continue
        is_strict = worse in ("breach", "warn")
        gap = sign * (good - bad)
        if gap < 0 or (is_strict and gap == 0):
            field = f"{better}_{side}" if is_range or better == "target" else better
            either = "" if is_strict else "at or "
            sentence = f"{_words(better).capitalize()} must be {either}{word} {_words(worse)}."
            found.append((field, "order", sentence))
    return found


def _words(level: str) -> str:
    return level.replace("_", " ")
