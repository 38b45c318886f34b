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


class Tier(StrEnum):
    STRATEGIC = "strategic"
    ENTERPRISE = "enterprise"
    HIGH_POTENTIAL = "high_potential"
    STANDARD = "standard"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Rubric:
    """What a version of the rubric says; as it stands here, the starting values.

    Weights and shares are per cent, `*_from` of tiers points of 0-100, `lifetime_N_from` the amount
    at which anchor N begins, `renewal_N_days` the most days to renewal of anchor N, `fall_N_pct`
    the least fall of usage of anchor N. The anchors' texts are documented examples, 0 to 4.
    """

    lifetime_value_weight: int = 50
    importance_weight: int = 30
    influence_weight: int = 20
    renewal_weight: int = 60
    momentum_weight: int = 40
    value_share: int = 60
    strategic_from: int = 80
    enterprise_from: int = 60
    high_potential_from: int = 45
    lifetime_2_from: int = 50_000
    lifetime_3_from: int = 250_000
    lifetime_4_from: int = 1_000_000
    renewal_1_days: int = 365
    renewal_2_days: int = 180
    renewal_3_days: int = 90
    renewal_4_days: int = 30
    growing_pct: int = 10
    fall_2_pct: int = 10
    fall_3_pct: int = 25
    fall_4_pct: int = 50
    importance_anchors: tuple[str, ...] = (
        "Any customer",
        "Uses one product",
        "Named in our plans for a region",
        "A market or a product depends on them",
        "The company's plan depends on them",
    )
    influence_anchors: tuple[str, ...] = (
        "Nobody asks them",
        "Known in their town",
        "Speaks at events of the trade",
        "Others choose what they choose",
        "Press and analysts ask them first",
    )

    @property
    def value_weights(self) -> dict[str, int]:
        names = ("lifetime_value", "importance", "influence")
        return {name: getattr(self, f"{name}_weight") for name in names}

    @property
    def risk_weights(self) -> dict[str, int]:
        return {"renewal": self.renewal_weight, "momentum": self.momentum_weight}

    @property
    def risk_share(self) -> int:
        return 100 - self.value_share

    @property
    def tiers(self) -> tuple[tuple[int, Tier], ...]:
        """Least value in basis points and tier, the highest first."""
        return (
            (self.strategic_from * 100, Tier.STRATEGIC),
            (self.enterprise_from * 100, Tier.ENTERPRISE),
            (self.high_potential_from * 100, Tier.HIGH_POTENTIAL),
        )

    @property
    def lifetime_limits(self) -> tuple[int, int, int]:
        return (self.lifetime_2_from, self.lifetime_3_from, self.lifetime_4_from)

    @property
    def renewal_days(self) -> tuple[int, int, int, int]:
        days = (self.renewal_1_days, self.renewal_2_days, self.renewal_3_days)
        return (*days, self.renewal_4_days)

    @property
    def falls_bp(self) -> tuple[int, int, int]:
        return (-100 * self.fall_2_pct, -100 * self.fall_3_pct, -100 * self.fall_4_pct)


STARTING = Rubric()


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
    rubric: Rubric = STARTING,
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
    value_bp = value_of(known, rubric)
    risk_bp = _weighed(rubric.risk_weights, known)
    return Valuation(
        value_bp=value_bp,
        risk_bp=risk_bp,
        # A rest below one basis point is cut off, here as in SQL.
        priority_bp=(rubric.value_share * value_bp + rubric.risk_share * risk_bp) // 100,
        tier=Tier.STRATEGIC if is_strategic else tier_of(value_bp, rubric),
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
            for part, weights in (
                ("value", rubric.value_weights),
                ("risk", rubric.risk_weights),
            )
            for name, weight in weights.items()
        ),
    )


def value_of(anchors: dict[str, int], rubric: Rubric = STARTING) -> int:
    """The value part in basis points, from its three anchors."""
    return _weighed(rubric.value_weights, anchors)


def tier_of(value_bp: int, rubric: Rubric = STARTING) -> Tier:
    """The tier of a value in basis points; a tier includes its least value."""
    for least, tier in rubric.tiers:
        if value_bp >= least:
            return tier
    return Tier.STANDARD


def tiers_of_key(key: int, before: Rubric, after: Rubric) -> tuple[Tier, Tier]:
    """The tiers by two rubrics. The digits of `key` are the anchors: lifetime value by the first
    and by the second, importance, influence."""
    first, second, importance, influence = (int(digit) for digit in f"{key:04}")
    own = {"importance": importance, "influence": influence}
    old, new = (
        tier_of(value_of({**own, "lifetime_value": anchor}, rubric), rubric)
        for anchor, rubric in ((first, before), (second, after))
    )
    return old, new


def lifetime_value_anchor(amount: Decimal | None, rubric: Rubric = STARTING) -> int | None:
    """Lifetime value -> 0 none, then 1 to 4 by the limits it reaches. None stays unknown."""
    if amount is None:
        return None
    if amount <= 0:
        return 0
    return 1 + sum(amount >= limit for limit in rubric.lifetime_limits)


def renewal_anchor(
    days: int | None, *, is_at_risk: bool = False, rubric: Rubric = STARTING
) -> int | None:
    """Days to renewal -> 0 far away to 4 soon, past or at risk."""
    if is_at_risk:
        return TOP_ANCHOR
    if days is None:
        return None
    return sum(days <= limit for limit in rubric.renewal_days)


def momentum_anchor(
    change_bp: int | None, *, is_dormant: bool = False, rubric: Rubric = STARTING
) -> int | None:
    """Usage change over 28 days in basis points of the earlier usage (-2500 is -25 %) -> 0 growing,
    1 flat, 2 to 4 by how far it fell, or dormant."""
    if is_dormant:
        return TOP_ANCHOR
    if change_bp is None:
        return None
    if change_bp >= 100 * rubric.growing_pct:
        return 0
    return 1 + sum(change_bp <= limit for limit in rubric.falls_bp)


def _weighed(weights: dict[str, int], anchors: dict[str, int]) -> int:
    return sum(weight * anchors[name] for name, weight in weights.items()) * POINTS_PER_ANCHOR
