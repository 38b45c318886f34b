from __future__ import annotations

from datetime import datetime

from accounts.models import User
from escalations.rules.routing_lint import Finding
from escalations.selectors.governed_kinds.playbooks import Playbooks
from escalations.services.governed_kinds.kind import GovernedVerbs
from playbooks.models import PlaybookVersion
from playbooks.services.playbooks import check_ready, copy_version, sealed, take_effect


class PlaybookVerbs(GovernedVerbs[PlaybookVersion]):
    reads = Playbooks()

    def look_over(self, version: PlaybookVersion, at: datetime) -> list[Finding]:
        """Raises `not_ready`."""
        check_ready(version)
        return []

    def digest(self, version: PlaybookVersion) -> str:
        return sealed(version)

    def take_effect(
        self, version: PlaybookVersion, *, by: User | None, at: datetime, reason: str
    ) -> None:
        take_effect(version, by=by, at=at, reason=reason)

    def copy(
        self, version: PlaybookVersion, *, by: User | None, at: datetime, note: str
    ) -> PlaybookVersion:
        return copy_version(version, by=by, at=at, note=note)
