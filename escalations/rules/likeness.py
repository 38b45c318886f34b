"""How much an incident is like an earlier one: a plain sum, said in words."""

from __future__ import annotations

from dataclasses import dataclass

FEWEST_POINTS = 35


@dataclass(frozen=True, slots=True)
class Traits:
    """What two incidents are compared by; empty is unknown and is like nothing."""

    kpi: int = 0
    segment: str = ""
    account: int = 0
    product_area: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Likeness:
    points: int
    why: str


def likeness(mine: Traits, other: Traits) -> Likeness:
    """A KPI says more than anything else; one broad trait alone is no likeness."""
    parts: list[tuple[int, str]] = []
    if mine.kpi and mine.kpi == other.kpi:
        parts.append((50, "same KPI"))
        if mine.segment and mine.segment == other.segment:
            parts.append((10, "same segment"))
    if mine.category and mine.category == other.category:
        parts.append((20, "same category"))
    if mine.product_area and mine.product_area.casefold() == other.product_area.casefold():
        parts.append((20, "same product"))
    if mine.account and mine.account == other.account:
        parts.append((20, "same customer"))
    text = ", ".join(words for _, words in parts)
    return Likeness(sum(points for points, _ in parts), f"{text[:1].upper()}{text[1:]}")
