"""The rubric of account value as people read it, and which accounts another one moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.urls import reverse

from accounts.models import Account, User, ValueRubricVersion
from accounts.rules.valuation import STARTING, Rubric, Tier, tiers_of_key
from escalations.models import Change
from escalations.selectors.governed_kinds.kind import Moved, Reach

FIRST = 50


@dataclass(frozen=True, slots=True)
class FactorRow:
    """`anchors`: what 0 to 4 mean, in words."""

    label: str
    part: str
    weight: int
    anchors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValuePage:
    """`coming`: a version that takes effect by itself, and when. `left`: accounts that are still
    valued by an earlier one."""

    version: ValueRubricVersion | None
    rubric: Rubric
    factors: tuple[FactorRow, ...]
    tiers: tuple[tuple[str, str], ...]
    coming: tuple[tuple[int, datetime], ...]
    versions: tuple[ValueRubricVersion, ...]
    left: int


def value_page() -> ValuePage:
    """Four queries."""
    versions = tuple(ValueRubricVersion.objects.order_by("-number")[:20])
    version = ValueRubricVersion.objects.filter(state="in_force").first()
    rubric = version.said if version else STARTING
    waits = Change.objects.filter(value_version__state="scheduled", request__state="scheduled")
    coming = waits.order_by("request__settle_at").values_list(
        "value_version__number", "request__settle_at"
    )
    left = 0
    if version is not None and version.revalue_at is not None:
        left = Account.objects.filter(~Q(valued_by=version)).count()
    return ValuePage(
        version=version,
        rubric=rubric,
        factors=_factors(rubric),
        tiers=_tiers(rubric),
        coming=tuple((number, at) for number, at in coming if at is not None),
        versions=versions,
        left=left,
    )


def _factors(rubric: Rubric) -> tuple[FactorRow, ...]:
    amounts = [f"{limit:,}" for limit in rubric.lifetime_limits]
    days = rubric.renewal_days
    falls = (rubric.fall_2_pct, rubric.fall_3_pct, rubric.fall_4_pct)
    return (
        FactorRow(
            "Lifetime value",
            "value",
            rubric.lifetime_value_weight,
            ("none", f"below {amounts[0]}", *(f"from {amount}" for amount in amounts)),
        ),
        FactorRow(
            "Strategic importance", "value", rubric.importance_weight, rubric.importance_anchors
        ),
        FactorRow("Influence", "value", rubric.influence_weight, rubric.influence_anchors),
        FactorRow(
            "Renewal risk",
            "risk",
            rubric.renewal_weight,
            (
                f"over {days[0]} days",
                *(f"{low + 1} to {high} days" for high, low in zip(days, days[1:], strict=False)),
                f"up to {days[3]} days, past or at risk",
            ),
        ),
        FactorRow(
            "Usage momentum",
            "risk",
            rubric.momentum_weight,
            (
                f"grows {rubric.growing_pct} % or more in 28 days",
                "flat",
                *(f"falls {fall} % or more" for fall in falls),
            ),
        ),
    )


def _tiers(rubric: Rubric) -> tuple[tuple[str, str], ...]:
    """Each tier with the points it covers, without gaps."""
    found, above = [], 101
    for least, tier in rubric.tiers:
        points = least // 100
        most = "100" if above == 101 else f"below {above}"
        found.append((tier.label, f"{points} to {most}"))
        above = points
    return (*found, (Tier.STANDARD.label, f"below {above}"))


def tier_changes(before: Rubric, after: Rubric, person: User) -> Reach | None:
    """Which accounts change tier, counted by way and the first by name. Two queries, each looks
    through all accounts once. None for who may not see accounts."""
    if not person.has_perm("accounts.view_account"):
        return None
    rows = Account.objects.visible_to(person).keyed(before, after)
    ways: dict[tuple[Tier, Tier], int] = {}
    moved: dict[int, tuple[Tier, Tier]] = {}
    named = rows.order_by().values_list("value_key")  # type: ignore[misc]  # of keyed
    for key, count in named.annotate(count=Count("pk")):
        old, new = tiers_of_key(key, before, after)
        if old is not new:
            moved[key] = (old, new)
            ways[old, new] = ways.get((old, new), 0) + count
    total = sum(ways.values())
    counted = sorted(ways.items(), key=lambda way: (-way[1], way[0]))
    first = rows.filter(value_key__in=moved).order_by("name", "pk")  # type: ignore[misc]
    cells = first.values_list("name", "external_id", "value_key")  # type: ignore[misc]  # of keyed
    found = cells[:FIRST] if moved else ()
    return Reach(
        title="1 account changes tier" if total == 1 else f"{total:,} accounts change tier",
        sentences=tuple(f"{_way(*way)}: {count:,}." for way, count in counted),
        first=tuple(
            Moved(name, reverse("customer", args=[key]), _way(*moved[value_key]))
            for name, key, value_key in found
        ),
        total=total,
    )


def _way(old: Tier, new: Tier) -> str:
    return f"{old.label} becomes {new.label}"
