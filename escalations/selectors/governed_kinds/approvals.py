"""Versions of how many approvals something needs."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from escalations.models import ApprovalRuleVersion
from escalations.rules.policy_diff import Comparison
from escalations.selectors.approvals import needed_now, rule_title
from escalations.selectors.governed_kinds.kind import GovernedKind, Said


class ApprovalNumbers(GovernedKind[ApprovalRuleVersion]):
    """No emergency: one approver alone would lower the number of approvers."""

    said = Said(
        "approvals",
        "approvals needed",
        "escalations.change_policyversion",
        "escalations.view_changerequest",
    )
    field = "approval_rule_version"
    owner = "rule"
    model = ApprovalRuleVersion
    has_emergency = False

    def rows(self) -> QuerySet[ApprovalRuleVersion]:
        return ApprovalRuleVersion.objects.select_related("rule__policy")

    def title_of(self, version: ApprovalRuleVersion) -> str:
        return f"Approvals needed: {rule_title(version.rule)}"

    def needed(self, version: ApprovalRuleVersion) -> int:
        """The number in force decides about the next one."""
        return needed_now(version.rule)

    def compare(
        self,
        before: ApprovalRuleVersion,
        after: ApprovalRuleVersion,
        *,
        sees_revenue: bool = False,
    ) -> Comparison:
        if before.needed == after.needed:
            return Comparison((), ())
        what = rule_title(after.rule)
        return Comparison((), (f"{what}: {before.needed} approvals become {after.needed}.",))

    def home_url(self, version: ApprovalRuleVersion) -> str:
        return reverse("approvals-needed")

    def edit_url(self, version: ApprovalRuleVersion) -> str:
        return ""  # a number is not edited: another is asked for

    def add_url(self, owner: Any) -> str:
        return reverse("approvals-needed")
