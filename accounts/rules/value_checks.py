"""What is wrong with a rubric of account value, said before anybody is asked to approve it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from accounts.rules.valuation import Rubric

LONGEST_TEXT = 120
MOST_AMOUNT = 10**12
MOST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Problem:
    field: str
    code: str
    sentence: str


def problems(rubric: Rubric) -> list[Problem]:
    """Weights that do not sum to 100, limits that do not rise, anchors without a text."""
    return list(_problems(rubric))


def _problems(rubric: Rubric) -> Iterator[Problem]:
    yield from _weights("value", rubric.value_weights)
    yield from _weights("risk", rubric.risk_weights)
    if not 0 <= rubric.value_share <= 100:
        yield Problem("value_share", "out_of_range", "A share is 0 to 100 per cent.")
    names: tuple[str, ...] = ("high_potential_from", "enterprise_from", "strategic_from")
    yield from _rising(rubric, names, 1, 100, "Tiers rise")
    names = ("lifetime_2_from", "lifetime_3_from", "lifetime_4_from")
    yield from _rising(rubric, names, 1, MOST_AMOUNT, "The limits of lifetime value rise")
    names = ("renewal_4_days", "renewal_3_days", "renewal_2_days", "renewal_1_days")
    yield from _rising(rubric, names, 0, MOST_DAYS, "The days to renewal rise from anchor 4 to 1")
    yield from _rising(rubric, ("growing_pct",), 1, 1000, "Growth is")
    names = ("fall_2_pct", "fall_3_pct", "fall_4_pct")
    yield from _rising(rubric, names, 1, 100, "The falls of usage rise")
    yield from _texts("importance_anchors", rubric.importance_anchors)
    yield from _texts("influence_anchors", rubric.influence_anchors)


def _weights(part: str, weights: dict[str, int]) -> Iterator[Problem]:
    name = f"{next(iter(weights))}_weight"
    if min(weights.values()) < 0:
        yield Problem(name, "weights", f"A weight of {part} is below 0.")
    elif (total := sum(weights.values())) != 100:
        yield Problem(name, "weights", f"The weights of {part} sum to {total} per cent, not 100.")


def _rising(
    rubric: Rubric, names: Sequence[str], least: int, most: int, what: str
) -> Iterator[Problem]:
    """Each above the one before it, so that between two of them there is neither gap nor twice."""
    before = least - 1
    for name in names:
        number = getattr(rubric, name)
        if not before < number <= most:
            said = f"{what}, from {least:,} to {most:,}: {number:,} stands out of order."
            yield Problem(name, "not_rising", said)
        before = max(before, number)


def _texts(name: str, texts: Sequence[str]) -> Iterator[Problem]:
    is_fine = len(texts) == 5 and all(
        isinstance(text, str) and text.strip() and len(text) <= LONGEST_TEXT for text in texts
    )
    if not is_fine:
        said = f"Give five examples, one for each of 0 to 4, of at most {LONGEST_TEXT} characters."
        yield Problem(name, "anchors", said)
