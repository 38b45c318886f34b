from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.models import User
from config.lib.errors import DomainError
from escalations.models import PolicyVersion
from escalations.rules.backtests import Result
from escalations.rules.routing_lint import Finding
from escalations.selectors.governed_kinds.policies import Policies
from escalations.selectors.policies import build_doc
from escalations.selectors.policy_lint import version_findings
from escalations.services import backtests
from escalations.services.governed_kinds.kind import GovernedVerbs
from escalations.services.ladder_checks import check_ladders
from escalations.services.policies import check_version, copy_version, digest, take_effect
from escalations.services.task_force_rules import take_task_forces_of_house


class PolicyVerbs(GovernedVerbs[PolicyVersion]):
    reads = Policies()

    def look_over(self, version: PolicyVersion, at: datetime) -> list[Finding]:
        """Raises `lint_errors`, and what `check_version` and `check_ladders` raise."""
        doc, findings = build_doc(version), version_findings(version, at)
        if errors := [finding for finding in findings if finding.is_error]:
            raise DomainError(
                "lint_errors",
                f"Mend {len(errors)} first: {errors[0].sentence}",
                status=409,
                errors=[
                    {"field": each.where, "code": each.code, "detail": each.sentence}
                    for each in errors
                ],
            )
        check_version(version)
        check_ladders(doc, at)
        return findings

    def guard(
        self, version: PolicyVersion, given: Mapping[str, Any], at: datetime
    ) -> Result | None:
        return backtests.guard(version, given, at)

    def digest(self, version: PolicyVersion) -> str:
        return digest(build_doc(version))

    def check_again(self, version: PolicyVersion, at: datetime) -> None:
        check_ladders(build_doc(version), at)

    def forget(self, version: PolicyVersion, *, by: User | None, at: datetime, reason: str) -> None:
        take_task_forces_of_house(version)

    def take_effect(
        self, version: PolicyVersion, *, by: User | None, at: datetime, reason: str
    ) -> None:
        take_effect(version, by=by, at=at, reason=reason)

    def copy(
        self, version: PolicyVersion, *, by: User | None, at: datetime, note: str
    ) -> PolicyVersion:
        return copy_version(version, by=by, at=at, note=note)
