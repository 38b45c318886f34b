"""Is what a repair would change still what was read? Rows as `Difference.as_json` writes them."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]


def what(rows: list[Row]) -> list[tuple[Any, ...]]:
    """What the approver read: which clocks, from what to what, and which break. A due time that
    counts from the moment of applying moves with it."""
    names = ("incident", "kind", "clock", "old_due_at", "old_target_s", "breaks")
    return [tuple(row[name] for name in names) for row in rows]


def of_incidents(rows: list[Row]) -> dict[int, list[Row]]:
    """By the number of the incident."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row["incident"], []).append(row)
    return found


def same_incidents(read: list[Row], now: list[Row]) -> list[int]:
    """The incidents of which nothing moved since the list was read."""
    present = of_incidents(now)
    return [
        number
        for number, rows in of_incidents(read).items()
        if what(rows) == what(present.get(number, []))
    ]
