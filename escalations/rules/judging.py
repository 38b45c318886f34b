"""One input through one version: score, route, and the score again with the floor of the rule.

The same function decides a new incident, tries a worked example, previews and replays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from escalations.rules.facts import FACTS, FLAG, amount
from escalations.rules.policy import PolicyDoc, Severity
from escalations.rules.routing import Route, route
from escalations.rules.scoring import Decision, Input, score


@dataclass(frozen=True, slots=True)
class Judged:
    decision: Decision
    route: Route

    @property
    def severity(self) -> Severity:
        return self.decision.severity

    def ladder(self, doc: PolicyDoc) -> str | None:
        return self.route.rule.ladder or doc.severities[self.severity].ladder


def judge(
    doc: PolicyDoc,
    *,
    subject: Mapping[str, object],
    anchors: Mapping[str, Input | int | None],
    facts: Mapping[str, Input | object],
    declared: Severity | None = None,
) -> Judged:
    """`subject`: what routing rules may ask about, but for the facts and the severity."""
    category = subject.get("category")
    named = category if isinstance(category, str) else None
    decision = score(doc, anchors, facts, category=named, declared=declared)
    asked = {
        **subject,
        "severity": decision.severity.label,
        **{name: comparable(name, given) for name, given in facts.items()},
    }
    found = route(doc, asked)
    floor = found.rule.severity_floor
    if floor is not None:
        decision = score(doc, anchors, facts, category=named, declared=declared, route_floor=floor)
    return Judged(decision, found)


def comparable(name: str, given: object) -> object:
    """A fact as rules compare it: amounts are stored as text, so that no digit is lost."""
    value = given.value if isinstance(given, Input) else given
    if FACTS.get(name, FLAG) == FLAG or value is None:
        return value
    return amount(value)
