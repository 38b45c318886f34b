from __future__ import annotations

from datetime import datetime

from accounts.models import ServiceHoursVersion, User
from accounts.services.service_hours import check_hours, copy_hours, sealed, take_effect
from escalations.rules.routing_lint import Finding
from escalations.selectors.governed_kinds.hours import Hours
from escalations.services.governed_kinds.kind import GovernedVerbs


class HoursVerbs(GovernedVerbs[ServiceHoursVersion]):
    reads = Hours()

    def look_over(self, version: ServiceHoursVersion, at: datetime) -> list[Finding]:
        """Raises what `check_hours` raises."""
        check_hours(version, at)
        return []

    def digest(self, version: ServiceHoursVersion) -> str:
        return sealed(version)

    def check_again(self, version: ServiceHoursVersion, at: datetime) -> None:
        check_hours(version, at)

    def take_effect(
        self, version: ServiceHoursVersion, *, by: User | None, at: datetime, reason: str
    ) -> None:
        take_effect(version, by=by, at=at, reason=reason)

    def copy(
        self, version: ServiceHoursVersion, *, by: User | None, at: datetime, note: str
    ) -> ServiceHoursVersion:
        return copy_hours(version, by=by, at=at, note=note)
