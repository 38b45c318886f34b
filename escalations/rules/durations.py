"""Durations as people type and read them: `30 min`, `2h30`, `3 business days`.

A business day is as long as the service hours say, never 24 hours, and what comes of it is shown:
targets are stored in seconds (SEMANTICS 1.1).
"""

from __future__ import annotations

import re
from fractions import Fraction

MINUTE, HOUR, DAY, WEEK = 60, 3600, 86_400, 7 * 86_400
LONGEST_S = 10 * 366 * DAY

_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), MINUTE),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), HOUR),
    **dict.fromkeys(("d", "day", "days"), DAY),
    **dict.fromkeys(("w", "week", "weeks"), WEEK),
}
_BUSINESS_DAYS = {"bd", "business day", "business days", "working day", "working days"}
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([a-z]+(?: days?)?)?\s*(?:,|and)?\s*")


class DurationError(ValueError):
    """`code` is for machines, the text for the person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def parse_duration(text: str, *, business_day_s: int | None = None) -> int:
    """Seconds. `business_day_s` is how long a business day is; None where there is none.

    Raises DurationError `bad_duration`, `no_unit`, `no_business_day` or `out_of_range`.
    """
    rest, total, last = text.strip().lower(), Fraction(0), 0
    if not rest:
        raise DurationError("bad_duration", "Write a duration such as 30 min, 4 h or 2h30.")
    while rest:
        match = _PART.match(rest)
        if match is None:
            raise DurationError(
                "bad_duration", f"{text!r} is not a duration such as 30 min or 4 h."
            )
        number, unit = Fraction(match[1]), match[2]
        if unit is None and last == HOUR:
            size = MINUTE  # 2h30
        elif unit is None:
            raise DurationError(
                "no_unit", f"{match[1]}: minutes, hours or days? Write {match[1]} h."
            )
        elif unit in _BUSINESS_DAYS:
            if business_day_s is None:
                raise DurationError(
                    "no_business_day", "Around the clock there are no business days: write hours."
                )
            size = business_day_s
        elif unit in _UNITS:
            size = _UNITS[unit]
        else:
            raise DurationError(
                "bad_duration", f"{unit!r} is no unit. Use min, h, d or business days."
            )
        total += number * size
        last, rest = size, rest[match.end() :]
    if not 0 < total <= LONGEST_S or total.denominator != 1:
        raise DurationError("out_of_range", "Give whole seconds: at least one, at most ten years.")
    return int(total)


def exact_duration(seconds: int) -> str:
    """`2 h 30 min`, to the second and never in days: what was typed, said back."""
    parts = []
    for size, unit in ((HOUR, "h"), (MINUTE, "min"), (1, "s")):
        if count := seconds // size:
            parts.append(f"{count:,} {unit}")
        seconds %= size
    return " ".join(parts) or "0 s"


def said_back(seconds: int, business_day_s: int | None = None) -> str:
    """`exact_duration`, but in business days where it is a whole number of them."""
    if business_day_s and seconds and seconds % business_day_s == 0:
        days = seconds // business_day_s
        return f"{days:,} business day{'' if days == 1 else 's'}"
    return exact_duration(seconds)
