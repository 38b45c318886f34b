"""How many people must approve a change, for each kind of it."""

from __future__ import annotations

from dataclasses import dataclass

from escalations.models import ApprovalRule, ApprovalRuleVersion, Policy
from escalations.models.approval_rules import ApprovalScope

# As long as nobody asked for another number. A policy has its own.
USUAL: dict[str, int] = {
    ApprovalScope.LIMITS: 1,
    ApprovalScope.CRITICAL_LIMITS: 2,
    ApprovalScope.PLAYBOOK: 1,
    ApprovalScope.HOURS: 1,
    ApprovalScope.ACCOUNT_VALUE: 2,
    ApprovalScope.ROSTER: 1,
    ApprovalScope.APPROVALS: 2,
}


@dataclass(frozen=True, slots=True)
class RuleRow:
    """`asked` is a number that waits: a draft, or before others."""

    code: str
    title: str
    needed: int
    asked: ApprovalRuleVersion | None
    has_versions: bool


def approvals_needed(scope: str) -> int:
    """Of a kind that is no policy. One query."""
    rows = ApprovalRuleVersion.objects.filter(rule__scope=scope, state="in_force")
    return rows.values_list("needed", flat=True).first() or USUAL[scope]


def needed_now(rule: ApprovalRule) -> int:
    """The number that decides about everything of this rule, and about changing it."""
    if rule.policy is not None:
        return rule.policy.approvals_needed
    return approvals_needed(rule.scope)


def rule_title(rule: ApprovalRule) -> str:
    return rule.policy.name if rule.policy else ApprovalScope(rule.scope).label


def code_of_policy(policy: Policy) -> str:
    return f"policy-{policy.code}"


def approval_rows() -> list[RuleRow]:
    """Every scope and every policy, in order. Three queries."""
    rows = ApprovalRuleVersion.objects.exclude(state="retired").select_related("rule")
    versions: dict[str, list[ApprovalRuleVersion]] = {}
    for version in rows.order_by("number"):
        versions.setdefault(version.rule.code, []).append(version)
    found = [
        _row(code_of_policy(policy), policy.name, policy.approvals_needed, versions)
        for policy in Policy.objects.order_by("name")
    ]
    return found + [
        _row(scope, ApprovalScope(scope).label, usual, versions) for scope, usual in USUAL.items()
    ]


def _row(
    code: str, title: str, usual: int, versions: dict[str, list[ApprovalRuleVersion]]
) -> RuleRow:
    known = versions.get(code, [])
    in_force = next((each for each in known if each.state == "in_force"), None)
    waiting = [each for each in known if each.state != "in_force"]
    needed = in_force.needed if in_force and not code.startswith("policy-") else usual
    return RuleRow(code, title, needed, waiting[-1] if waiting else None, bool(known))
