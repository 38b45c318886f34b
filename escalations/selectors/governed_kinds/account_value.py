"""Versions of the rubric by which accounts are valued."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import User, ValueRubricVersion
from accounts.rules.value_diff import value_sentences
from escalations.rules.policy_diff import Comparison
from escalations.selectors.account_value import tier_changes
from escalations.selectors.approvals import approvals_needed
from escalations.selectors.governed_kinds.kind import GovernedKind, Reach, Said


class AccountValue(GovernedKind[ValueRubricVersion]):
    said = Said(
        "account_value",
        "account value",
        "accounts.add_valuerubricversion",
        "accounts.view_valuerubricversion",
    )
    field = "value_version"
    owner = "rubric"
    model = ValueRubricVersion

    def rows(self) -> QuerySet[ValueRubricVersion]:
        return ValueRubricVersion.objects.select_related("rubric")

    def needed(self, version: ValueRubricVersion) -> int:
        return approvals_needed("account_value")

    def compare(
        self,
        before: ValueRubricVersion,
        after: ValueRubricVersion,
        *,
        sees_revenue: bool = False,
    ) -> Comparison:
        return Comparison((), value_sentences(before.said, after.said))

    def reach(
        self, before: ValueRubricVersion, after: ValueRubricVersion, person: User, at: datetime
    ) -> Reach | None:
        return tier_changes(before.said, after.said, person)

    def home_url(self, version: ValueRubricVersion) -> str:
        return reverse("account-value")

    def edit_url(self, version: ValueRubricVersion) -> str:
        return ""  # it is written anew on the page of the value

    def add_url(self, owner: Any) -> str:
        return reverse("account-value")
