from __future__ import annotations

from datetime import datetime

from accounts.models import User
from escalations.models import Threshold
from escalations.rules.routing_lint import Finding
from escalations.selectors.governed_kinds.thresholds import Thresholds
from escalations.services.governed_kinds.kind import GovernedVerbs
from escalations.services.threshold_versions import copy_thresholds, sealed, take_effect, validate


class ThresholdVerbs(GovernedVerbs[Threshold]):
    reads = Thresholds()

    def look_over(self, version: Threshold, at: datetime) -> list[Finding]:
        """Raises `invalid` with what `threshold_problems` says."""
        validate(version)
        return []

    def digest(self, version: Threshold) -> str:
        return sealed(version)

    def take_effect(
        self, version: Threshold, *, by: User | None, at: datetime, reason: str
    ) -> None:
        take_effect(version, by=by, at=at, reason=reason)

    def copy(self, version: Threshold, *, by: User | None, at: datetime, note: str) -> Threshold:
        return copy_thresholds(version, by=by, at=at, note=note)
