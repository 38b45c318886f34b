"""What changes from one rubric of account value to another, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator

from accounts.rules.valuation import Rubric

WEIGHTS = {
    "lifetime_value_weight": ("Lifetime value", "value"),
    "importance_weight": ("Strategic importance", "value"),
    "influence_weight": ("Influence", "value"),
    "renewal_weight": ("Renewal risk", "risk"),
    "momentum_weight": ("Usage momentum", "risk"),
}
LIMITS = {
    "strategic_from": "Strategic begins at {} points",
    "enterprise_from": "Enterprise begins at {} points",
    "high_potential_from": "High potential begins at {} points",
    "lifetime_2_from": "Lifetime value 2 begins at {}",
    "lifetime_3_from": "Lifetime value 3 begins at {}",
    "lifetime_4_from": "Lifetime value 4 begins at {}",
    "renewal_1_days": "Renewal risk 1 begins at {} days",
    "renewal_2_days": "Renewal risk 2 begins at {} days",
    "renewal_3_days": "Renewal risk 3 begins at {} days",
    "renewal_4_days": "Renewal risk 4 begins at {} days",
    "growing_pct": "Usage grows from {} per cent",
    "fall_2_pct": "Usage momentum 2 begins at a fall of {} per cent",
    "fall_3_pct": "Usage momentum 3 begins at a fall of {} per cent",
    "fall_4_pct": "Usage momentum 4 begins at a fall of {} per cent",
}
ANCHORS = {"importance_anchors": "Strategic importance", "influence_anchors": "Influence"}


def value_sentences(before: Rubric, after: Rubric) -> tuple[str, ...]:
    return tuple(_sentences(before, after))


def _sentences(before: Rubric, after: Rubric) -> Iterator[str]:
    for name, (label, part) in WEIGHTS.items():
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            yield f"{label} weighs {now} per cent of {part}, not {was}."
    if before.value_share != after.value_share:
        now = f"{after.value_share} per cent value and {after.risk_share} per cent risk"
        yield f"Priority is {now}, not {before.value_share} and {before.risk_share}."
    for name, words in LIMITS.items():
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            yield f"{words.format(f'{now:,}')}, not {was:,}."
    for name, label in ANCHORS.items():
        for anchor, (was, now) in enumerate(
            zip(getattr(before, name), getattr(after, name), strict=False)
        ):
            if was != now:
                yield f"{label} {anchor} is “{now}”, not “{was}”."
