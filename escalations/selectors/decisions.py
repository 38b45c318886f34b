"""From what is known to a decision: score, floors, severity and route, by one policy version.

Nothing is written here. The same function decides a new incident, judges an open one again when
facts arrive, and previews an incident that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from accounts.models import Account
from accounts.selectors.customers import valuation_of
from escalations.models import PolicyVersion
from escalations.rules.judging import judge
from escalations.rules.policy import PolicyDoc, Severity
from escalations.rules.routing import Route
from escalations.rules.scoring import Decision, Input, revenue_anchor, segment_anchor
from escalations.selectors.policies import policy_doc

# What a sender's hint says of the technical severity, 0-4.
HINT_ANCHORS = {"critical": 4, "error": 3, "warning": 2, "info": 0}
ANCHORS = ("technical", "business", "segment", "revenue", "reputation")
FACTS = (
    "arr_at_risk",
    "users_pct",
    "data_or_legal_confirmed",
    "data_or_legal_suspected",
    "core_down_no_workaround",
    "uptime_breached",
)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a disruption. `facts` and `anchors` go by name to an `Input`."""

    kind: str
    source: str
    at: datetime
    account: Account | None = None
    product_area: str = ""
    category: str = ""
    kpi_code: str = ""
    segment: str = ""
    severity_hint: str = ""
    declared: Severity | None = None
    facts: Mapping[str, Input] | None = None
    anchors: Mapping[str, Input] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    version: PolicyVersion
    doc: PolicyDoc
    decision: Decision
    route: Route
    priority_bp: int

    @property
    def severity(self) -> Severity:
        return self.decision.severity

    @property
    def ladder(self) -> str | None:
        return self.route.rule.ladder or self.doc.severities[self.severity].ladder


def anchors_of(known: Known) -> dict[str, Input]:
    """The anchors given, and those that follow from the account, the facts and the hint."""
    facts = known.facts or {}
    found: dict[str, Input] = {}
    if known.severity_hint in HINT_ANCHORS:
        found["technical"] = Input(
            HINT_ANCHORS[known.severity_hint], f"{known.source}: hint {known.severity_hint}"
        )
    if known.account is not None:
        found["segment"] = Input(
            segment_anchor(known.account.segment), f"account segment {known.account.segment}"
        )
        found["revenue"] = Input(revenue_anchor(known.account.arr), "account revenue")
    if "arr_at_risk" in facts:
        amount = facts["arr_at_risk"]
        value = None if amount.value is None else Decimal(str(amount.value))
        found["revenue"] = Input(revenue_anchor(value), f"fact from {amount.source}", amount.at)
    found.update(known.anchors or {})
    return {code: given for code, given in found.items() if given.value is not None}


def decide(version: PolicyVersion, known: Known) -> Verdict:
    """Score, route, and score again with the floor the matched rule sets."""
    doc = policy_doc(version.pk)
    anchors, facts = anchors_of(known), dict(known.facts or {})
    priced = valuation_of(known.account, known.at) if known.account else None
    subject = subject_of(known, priced.tier.value if priced else None)
    found = judge(doc, subject=subject, anchors=anchors, facts=facts, declared=known.declared)
    priority_bp = priced.priority_bp if priced else 0
    return Verdict(version, doc, found.decision, found.route, priority_bp)


def subject_of(known: Known, tier: str | None) -> dict[str, object]:
    """What routing rules may ask about, but for the facts and the severity."""
    return {
        "kind": known.kind,
        "source": known.source,
        "product_area": known.product_area or None,
        "category": known.category or None,
        "kpi": known.kpi_code or None,
        "segment": known.segment or None,
        "account": known.account.external_id if known.account else None,
        "customer_segment": known.account.segment if known.account else None,
        "tier": tier,
    }


def why_severity(verdict: Verdict) -> str:
    """The shortest true reason for the severity, for the one sentence on top."""
    decision, doc = verdict.decision, verdict.doc
    label = decision.severity.label
    tests = {test.code: test.label for test in doc.tests}
    if decision.declared == decision.severity and decision.band != decision.severity:
        return f"{label} because the KPI declares it for this state"
    if decision.floor == decision.severity and decision.band != decision.severity:
        reasons = [
            tests.get(code)
            or ("the category's default" if code.startswith("default:") else "the routing rule")
            for code in decision.floor_codes
        ]
        return f"{label} because of {' and '.join(reasons)}"
    points = decision.score_bp / 100
    assumed = sum(row.is_assumed for row in decision.inputs)
    known = f", {assumed} of {len(decision.inputs)} inputs assumed" if assumed else ""
    return f"{label} because the score is {points:.2f}{known}"
