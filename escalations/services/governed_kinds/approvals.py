from __future__ import annotations

from datetime import datetime

from accounts.models import User
from config.lib.errors import Conflict
from escalations.models import ApprovalRuleVersion
from escalations.rules.routing_lint import Finding
from escalations.selectors.changes import approvers
from escalations.selectors.governed_kinds.approvals import ApprovalNumbers
from escalations.services.approval_rules import draft_number, sealed, take_effect
from escalations.services.governed_kinds.kind import GovernedVerbs


class ApprovalVerbs(GovernedVerbs[ApprovalRuleVersion]):
    reads = ApprovalNumbers()

    def look_over(self, version: ApprovalRuleVersion, at: datetime) -> list[Finding]:
        """Raises `too_few_approvers` where nobody could change anything any more."""
        people = approvers().count()
        if version.needed >= people:
            raise Conflict(
                "too_few_approvers",
                f"{people} people may approve, and whoever asks is one of them: "
                f"{version.needed} others are not there.",
            )
        return []

    def digest(self, version: ApprovalRuleVersion) -> str:
        return sealed(version)

    def take_effect(
        self, version: ApprovalRuleVersion, *, by: User | None, at: datetime, reason: str
    ) -> None:
        take_effect(version, by=by, at=at, reason=reason)

    def copy(
        self, version: ApprovalRuleVersion, *, by: User | None, at: datetime, note: str
    ) -> ApprovalRuleVersion:
        return draft_number(version.rule, version.needed, by=by, at=at, note=note)
