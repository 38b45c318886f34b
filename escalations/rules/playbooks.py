"""Which playbooks fit an incident, how closely, and why in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from escalations.rules.lifecycle import Verification

KPI_WORDS = {
    "warn": "in its warning band",
    "breach": "in breach",
    "no_data": "without data",
    "suspect": "suspect",
}
TIER_WORDS = {
    "strategic": "strategic",
    "enterprise": "enterprise",
    "high_potential": "high potential",
    "standard": "standard",
}
KIND_WORDS = {
    "kpi": "a KPI incident",
    "customer": "a customer's incident",
    "operations": "an incident of operations",
    "account_health": "an incident of account health",
}
# How much a condition narrows down: a named KPI beats any mix of the broader ones.
WEIGHTS = {
    "kpi": 32,
    "category": 16,
    "product_area": 8,
    "failure_mode": 4,
    "tier": 2,
    "kind": 1,
    "severity_at_least": 1,
}
# A recovery playbook brings data back; it may run while the data itself is in question.
RECOVERY = "recovery"
DATA_IN_QUESTION = frozenset({"no_data", "suspect"})


@dataclass(frozen=True, slots=True)
class Conditions:
    """One trigger. Empty means: does not matter. `kpi` is a code, `kpi_name` for the sentence."""

    kind: str = ""
    kpi: str = ""
    kpi_name: str = ""
    failure_mode: str = ""
    product_area: str = ""
    tier: str = ""
    category: str = ""
    severity_at_least: int | None = None

    def given(self) -> list[str]:
        return [name for name in WEIGHTS if getattr(self, name)]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of an incident. Empty means unknown. `failure_mode` is its KPI's state."""

    kind: str = ""
    kpi: str = ""
    failure_mode: str = ""
    product_area: str = ""
    tier: str = ""
    category: str = ""
    severity: int | None = None


@dataclass(frozen=True, slots=True)
class Match:
    score: int
    why: str


def holds(name: str, wanted: Conditions, known: Surroundings) -> bool:
    """One given condition; an unknown never holds."""
    if name == "severity_at_least":
        return known.severity is not None and known.severity <= (wanted.severity_at_least or 0)
    have, want = getattr(known, name), getattr(wanted, name)
    return bool(have) and have.casefold() == want.casefold()


def match(wanted: Conditions, known: Surroundings) -> Match | None:
    """None unless every given condition holds, and for a trigger without any."""
    given = wanted.given()
    if not given or not all(holds(name, wanted, known) for name in given):
        return None
    return Match(sum(WEIGHTS[name] for name in given), f"because {words(wanted)}")


def best(triggers: Iterable[Conditions], known: Surroundings) -> Match | None:
    """The closest of a playbook's triggers; among equals the first."""
    found = [each for each in (match(trigger, known) for trigger in triggers) if each]
    return max(found, key=lambda each: each.score, default=None)


def words(wanted: Conditions) -> str:
    """A trigger as a clause: "KPI Checkout conversion is in breach and the tier is strategic"."""
    parts = []
    state = KPI_WORDS.get(wanted.failure_mode, "")
    name = wanted.kpi_name or wanted.kpi
    if name:
        parts.append(f"KPI {name} is {state}" if state else f"it is about KPI {name}")
    elif state:
        parts.append(f"its KPI is {state}")
    if wanted.category:
        parts.append(f"the category is {wanted.category}")
    if wanted.product_area:
        parts.append(f"the product area is {wanted.product_area}")
    if wanted.tier:
        parts.append(f"the customer's tier is {TIER_WORDS.get(wanted.tier, wanted.tier)}")
    if wanted.kind:
        parts.append(f"it is {KIND_WORDS.get(wanted.kind, wanted.kind)}")
    if wanted.severity_at_least:
        parts.append(
            "it is an S1"
            if wanted.severity_at_least == 1
            else f"it is an S{wanted.severity_at_least} or worse"
        )
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)


def not_verified(*, kind: str, is_kpi: bool, verification: str, kpi_state: str) -> str:
    """Why this kind of playbook may not run on the incident yet; empty: it may.

    Nothing is remedied on unproven figures. Only recovery, which restores the data, may run while
    the data is in question or at fault.
    """
    if not is_kpi or verification in (Verification.CONFIRMED, Verification.INCONCLUSIVE):
        return ""
    is_fault = verification == Verification.DATA_FAULT
    if kind == RECOVERY and (is_fault or kpi_state in DATA_IN_QUESTION):
        return ""
    if is_fault:
        return "The data is at fault: there is nothing to remedy here."
    return "Verify the data first: no playbook runs on unproven figures."


def needs_second_person(*, kind: str, is_kpi: bool) -> bool:
    """A remediation on a KPI always has an approval, whatever its version says."""
    return is_kpi and kind == "remediation"
