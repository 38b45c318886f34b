"""Versions of how many approvals something needs: drafted, sealed, in force."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from config.lib.errors import Conflict
from config.lib.history import told
from config.lib.versions import digest
from escalations.models import ApprovalRule, ApprovalRuleVersion


def draft_number(
    rule: ApprovalRule, needed: int, *, by: User | None, at: datetime, note: str
) -> ApprovalRuleVersion:
    """The next version of a rule, as a draft. The caller is in atomic."""
    ApprovalRule.objects.select_for_update().get(pk=rule.pk)  # numbers are given one at a time
    last = rule.versions.order_by("-number").first()
    number = last.number + 1 if last else 1
    version = ApprovalRuleVersion(rule=rule, number=number, needed=needed, note=note)
    return _saved(version, by, note, at)


def take_effect(
    version: ApprovalRuleVersion, *, by: User | None, at: datetime, reason: str
) -> ApprovalRuleVersion:
    """Every request from `at` on needs this many; those that wait keep theirs. The caller holds
    its lock. Raises Conflict `already_published`."""
    if version.state in ("in_force", "retired"):
        raise Conflict("already_published", "This version was in force already.")
    rule = ApprovalRule.objects.select_for_update(of=("self",)).get(pk=version.rule_id)
    for before in rule.versions.filter(state="in_force"):
        before.state, before.retired_at = "retired", at
        _saved(before, by, f"Version {version.number} is in force.", at)
    version.state, version.effective_from, version.published_by = "in_force", at, by
    version.sha256 = sealed(version)
    _saved(version, by, reason, at)
    if rule.policy is not None:
        rule.policy.approvals_needed = version.needed
        told(rule.policy, by=by, reason=reason, at=at).save()
    return version


def sealed(version: ApprovalRuleVersion) -> str:
    content = {"rule": version.rule.code, "number": version.number, "needed": version.needed}
    return digest(content)


def _saved(
    version: ApprovalRuleVersion, by: User | None, reason: str, at: datetime
) -> ApprovalRuleVersion:
    told(version, by=by, reason=reason, at=at).save()
    return version
