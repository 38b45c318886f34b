"""The policy of the demo company: how it began, what the committee changed, and what it drafts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import ServiceHours, User
from escalations.demo.changes import plan_requests
from escalations.demo.sorting import with_sorting
from escalations.demo.stage import Stage
from escalations.demo.task_forces import with_task_forces
from escalations.models import Policy, PolicyVersion
from escalations.rules.default_policy import default_policy
from escalations.rules.policy import (
    ClockKind,
    ClockTarget,
    Condition,
    Example,
    Group,
    PolicyDoc,
    RoutingRule,
    Severity,
)
from escalations.services.policies import draft_version, put_in_force
from escalations.services.reference import ensure_policy

SECOND = "Routes KPIs to Growth and data questions to Frontline."
THIRD = "Renewals at risk go to Care; teams have a time of their own; mail is sorted."
FOURTH = "Proposal: reputation weighs 15, business impact 20."
FIFTH = "Proposal: an S2 is answered within 45 minutes."
RULES = (
    RoutingRule(
        position=1,
        name="KPIs go to Growth",
        when=Group("all", (Condition("kind", "=", "kpi"),)),
        team="growth",
    ),
    RoutingRule(
        position=2,
        name="Data or legal questions",
        when=Group(
            "any",
            (
                Condition("data_or_legal_confirmed", "is", True),
                Condition("data_or_legal_suspected", "is", True),
            ),
        ),
        team="frontline",
        severity_floor=Severity.S2,
    ),
)
RENEWALS = RoutingRule(
    position=3,
    name="Renewals at risk go to Care",
    when=Group("all", (Condition("category", "=", "account_health"),)),
    team="care",
)


EXAMPLES = {
    "KPIs go to Growth": Example(
        "Checkout falls",
        {"kind": "kpi", "kpi": "checkout_conversion", "declared": "S2"},
        "KPIs go to Growth",
        Severity.S2,
        "growth",
    ),
    "Data or legal questions": Example(
        "Exposure suspected on the free tier",
        {"kind": "customer", "customer_segment": "free", "data_or_legal_suspected": True},
        "Data or legal questions",
        Severity.S2,
        "frontline",
        anchors={"technical": 2, "business": 1, "revenue": 0, "reputation": 3},
    ),
    "Renewals at risk go to Care": Example(
        "A renewal in doubt",
        {"kind": "account_health", "category": "account_health"},
        "Renewals at risk go to Care",
        team="care",
    ),
}


def tell_policies(governor: User, at: datetime) -> None:
    """The first version sixty days ago and the second thirty, both already in force once."""
    tell_first_policies(at - timedelta(days=60))
    _publish(governor, _document(RULES), SECOND, at=at - timedelta(days=30))


def tell_first_policies(at: datetime) -> None:
    ensure_policy(at)


def tell_later_policies(people: dict[str, User], at: datetime, stage: Stage) -> None:
    """On the stage: the second version, the third, and two that the committee has before it."""
    governor = people["governor"]
    rules = (*RULES, RENEWALS)
    stage.plan(
        at - timedelta(days=30), lambda now: _publish(governor, _document(RULES), SECOND, at=now)
    )
    stage.plan(
        at - timedelta(days=10),
        lambda now: _publish(governor, _later(rules), THIRD, at=now),
    )

    def propose(now: datetime) -> None:
        fourth = _draft(governor, _lighter(_later(rules)), FOURTH, at=now)
        slower = _slower(_later(rules))
        fifth = _draft(people["governor2"], slower, FIFTH, at=now)
        plan_requests(stage, people, at, fourth, fifth)

    stage.plan(at - timedelta(days=2), propose)


def _document(rules: tuple[RoutingRule, ...]) -> PolicyDoc:
    doc = default_policy()
    last = replace(doc.rules[-1], position=len(rules) + 1)
    name = Policy.objects.get(is_default=True).name
    usual = [each for each in doc.examples if "data_or_legal_suspected" not in each.given]
    own = [EXAMPLES[rule.name] for rule in rules]
    doc = replace(doc, policy=name, rules=(*rules, last), examples=(*own, *usual))
    return with_task_forces(doc)


def _later(rules: tuple[RoutingRule, ...]) -> PolicyDoc:
    return with_sorting(_timed(_document(rules)))


def _timed(doc: PolicyDoc) -> PolicyDoc:
    """Each team has its own time for a major incident, well within the customer's."""
    own = {Severity.S1: 3600, Severity.S2: 4 * 3600}
    severities = {
        severity: replace(
            rule,
            targets={
                **rule.targets,
                ClockKind.OLA: ClockTarget(ClockKind.OLA, own[severity], is_business=False),
            },
        )
        if severity in own
        else rule
        for severity, rule in doc.severities.items()
    }
    return replace(doc, severities=severities)


def _lighter(doc: PolicyDoc) -> PolicyDoc:
    weights = {"business": 20, "reputation": 15}
    factors = tuple(
        replace(factor, weight=weights.get(factor.code, factor.weight)) for factor in doc.factors
    )
    return replace(doc, factors=factors)


def _slower(doc: PolicyDoc) -> PolicyDoc:
    """An S2 is answered within 45 minutes."""
    rule = doc.severities[Severity.S2]
    target = replace(rule.targets[ClockKind.RESPONSE], target_s=45 * 60)
    targets = {**rule.targets, ClockKind.RESPONSE: target}
    return replace(doc, severities={**doc.severities, Severity.S2: replace(rule, targets=targets)})


def _draft(governor: User, doc: PolicyDoc, note: str, *, at: datetime) -> PolicyVersion:
    return draft_version(
        Policy.objects.get(is_default=True),
        doc,
        by=governor,
        at=at,
        service_hours=ServiceHours.objects.get(code="office"),
        note=note,
    )


@transaction.atomic
def _publish(governor: User, doc: PolicyDoc, note: str, *, at: datetime) -> None:
    policy = Policy.objects.get(is_default=True)
    if not policy.versions.filter(note=note).exists():
        put_in_force(_draft(governor, doc, note, at=at), by=governor, at=at)
