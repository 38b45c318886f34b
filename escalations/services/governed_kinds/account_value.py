from __future__ import annotations

from datetime import datetime

from accounts.models import User, ValueRubricVersion
from accounts.services.value_rubrics import check_rubric, copy_rubric, sealed, take_effect
from escalations.rules.routing_lint import Finding
from escalations.selectors.governed_kinds.account_value import AccountValue
from escalations.services.governed_kinds.kind import GovernedVerbs


class AccountValueVerbs(GovernedVerbs[ValueRubricVersion]):
    reads = AccountValue()

    def look_over(self, version: ValueRubricVersion, at: datetime) -> list[Finding]:
        """Raises what `check_rubric` raises."""
        check_rubric(version)
        return []

    def digest(self, version: ValueRubricVersion) -> str:
        return sealed(version)

    def take_effect(
        self, version: ValueRubricVersion, *, by: User | None, at: datetime, reason: str
    ) -> None:
        take_effect(version, by=by, at=at, reason=reason)

    def copy(
        self, version: ValueRubricVersion, *, by: User | None, at: datetime, note: str
    ) -> ValueRubricVersion:
        return copy_rubric(version, by=by, at=at, note=note)
