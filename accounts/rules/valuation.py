"""Value, risk, priority and tier of a customer account (SEMANTICS 4.1).

Anchors are whole numbers 0-4, results basis points of the 0-100 scale. A missing anchor is never
silently 0: it takes the middle of the scale and is named in `assumed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

POINTS_PER_ANCHOR = 25
DEFAULT_ANCHOR = 2
TOP_ANCHOR = 4

VALUE_WEIGHTS = {"lifetime_value": 50, "importance": 30, "influence": 20}
RISK_WEIGHTS = {"renewal": 60, "momentum": 40}
VALUE_SHARE, RISK_SHARE = 60, 40


class Tier(StrEnum):
    STRATEGIC = "strategic"
    ENTERPRISE = "enterprise"
    HIGH_POTENTIAL = "high_potential"
    STANDARD = "standard"


LIFETIME_LIMITS = (50_000, 250_000, 1_000_000)
RENEWAL_DAYS = (365, 180, 90, 30)
MOMENTUM_LIMITS_BP = (-1000, -2500, -5000)
GROWING_BP = 1000

TIER_LEAST = ((8000, Tier.STRATEGIC), (6000, Tier.ENTERPRISE), (4500, Tier.HIGH_POTENTIAL))


@dataclass(frozen=True, slots=True)
class Term:
    """One anchor in the sum of its `part`, "value" or "risk"; points are basis points of it."""

    name: str
    part: str
    anchor: int
    weight: int
    points_bp: int
    is_assumed: bool


@dataclass(frozen=True, slots=True)
class Valuation:
    """Tier follows from value alone; priority orders work. `terms` is the sum written out."""

    value_bp: int
    risk_bp: int
    priority_bp: int
    tier: Tier
    assumed: tuple[str, ...]
    terms: tuple[Term, ...] = ()


def valuation(
    *,
    lifetime_value: int | None,
    importance: int | None,
    influence: int | None,
    renewal: int | None,
    momentum: int | None,
    is_strategic: bool = False,
) -> Valuation:
    """Weigh the five anchors of an account; `is_strategic` is the flag a person sets.

    An anchor outside 0-4 raises ValueError.
    """
    given = {
        "lifetime_value": lifetime_value,
        "importance": importance,
        "influence": influence,
        "renewal": renewal,
        "momentum": momentum,
    }
    for name, anchor in given.items():
        if anchor is not None and not 0 <= anchor <= TOP_ANCHOR:
            raise ValueError(f"anchor {name} must be from 0 to 4, not {anchor}")
    known = {name: DEFAULT_ANCHOR if a is None else a for name, a in given.items()}
    value_bp = value_of(known)
    risk_bp = _weighed(RISK_WEIGHTS, known)
    return Valuation(
        value_bp=value_bp,
        risk_bp=risk_bp,
        # Exact: both are multiples of 50 anchor steps, so nothing is cut off.
        priority_bp=(VALUE_SHARE * value_bp + RISK_SHARE * risk_bp) // 100,
        tier=Tier.STRATEGIC if is_strategic else tier_of(value_bp),
        assumed=tuple(name for name, anchor in given.items() if anchor is None),
        terms=tuple(
            Term(
                name,
                part,
                known[name],
                weight,
                weight * known[name] * POINTS_PER_ANCHOR,
                given[name] is None,
            )
            for part, weights in (("value", VALUE_WEIGHTS), ("risk", RISK_WEIGHTS))
            for name, weight in weights.items()
        ),
    )


def value_of(anchors: dict[str, int]) -> int:
    """The value part in basis points, from its three anchors."""
    return _weighed(VALUE_WEIGHTS, anchors)


def tier_of(value_bp: int) -> Tier:
    """The tier of a value in basis points; a tier includes its least value."""
    for least, tier in TIER_LEAST:
        if value_bp >= least:
            return tier
    return Tier.STANDARD


def lifetime_value_anchor(amount: Decimal | None) -> int | None:
    """Lifetime value -> 0 none, 1 < 50k, 2 < 250k, 3 < 1M, 4 from 1M. None stays unknown."""
    if amount is None:
        return None
    if amount <= 0:
        return 0
    return 1 + sum(amount >= limit for limit in LIFETIME_LIMITS)


def renewal_anchor(days: int | None, *, is_at_risk: bool = False) -> int | None:
    """Days to renewal -> 0 > 365, 1 181-365, 2 91-180, 3 31-90, 4 up to 30, past or at risk."""
    if is_at_risk:
        return TOP_ANCHOR
    if days is None:
        return None
    return sum(days <= limit for limit in RENEWAL_DAYS)


def momentum_anchor(change_bp: int | None, *, is_dormant: bool = False) -> int | None:
    """Usage change over 28 days in basis points of the earlier usage (-2500 is -25 %).

    0 from +10 %, 1 flat, 2 from -10 % down, 3 from -25 %, 4 from -50 % or dormant.
    """
    if is_dormant:
        return TOP_ANCHOR
    if change_bp is None:
        return None
    if change_bp >= GROWING_BP:
        return 0
    return 1 + sum(change_bp <= limit for limit in MOMENTUM_LIMITS_BP)


def _weighed(weights: dict[str, int], anchors: dict[str, int]) -> int:
    return sum(weight * anchors[name] for name, weight in weights.items()) * POINTS_PER_ANCHOR
