"""Policy versions. They have pages of their own."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import reverse

from escalations.models import PolicyVersion
from escalations.rules.policy_diff import Comparison, compare
from escalations.selectors.governed_kinds.kind import GovernedKind, Said
from escalations.selectors.policies import policy_doc


class Policies(GovernedKind[PolicyVersion]):
    said = Said(
        "policy",
        "policy",
        "escalations.change_policyversion",
        "escalations.view_policyversion",
    )
    field = "policy_version"
    owner = "policy"
    model = PolicyVersion

    def rows(self) -> QuerySet[PolicyVersion]:
        return PolicyVersion.objects.select_related("policy", "service_hours")

    def needed(self, version: PolicyVersion) -> int:
        return version.policy.approvals_needed

    def compare(
        self, before: PolicyVersion, after: PolicyVersion, *, sees_revenue: bool = False
    ) -> Comparison:
        return compare(policy_doc(before.pk), policy_doc(after.pk))

    def url(self, version: PolicyVersion) -> str:
        return f"{self.home_url(version)}?v={version.number}"

    def compare_url(self, before: PolicyVersion, after: PolicyVersion) -> str:
        ask = f"?from={before.number}&to={after.number}"
        return reverse("policy-compare", args=[after.policy.code]) + ask

    def home_url(self, version: PolicyVersion) -> str:
        return reverse("policy", args=[version.policy.code])
