from __future__ import annotations

from datetime import datetime

from accounts.models import Roster, RosterPlan, User
from accounts.services.roster_plans import copy_plan, foresee, forget, sealed, take_effect, try_plan
from accounts.services.rosters import may_edit
from escalations.rules.routing_lint import Finding
from escalations.selectors.governed_kinds.rosters import Rosters
from escalations.services.governed_kinds.kind import GovernedVerbs


class RosterVerbs(GovernedVerbs[RosterPlan]):
    reads = Rosters()

    def may_ask(self, by: User) -> bool:
        """Whoever keeps a roster may, without a right over all of them."""
        return super().may_ask(by) or Roster.objects.owned_by(by).exists()

    def check_asker(self, version: RosterPlan, by: User) -> None:
        may_edit(by, version.roster)

    def look_over(self, version: RosterPlan, at: datetime) -> list[Finding]:
        """Raises what `edit_roster` raises."""
        wrote = version.history.latest("history_id").history_user
        version.outlook = try_plan(version, by=wrote, at=at)
        return []

    def digest(self, version: RosterPlan) -> str:
        return sealed(version)

    def foresee(
        self, version: RosterPlan, *, since: datetime, by: User, at: datetime, reason: str
    ) -> None:
        foresee(version, since=since, by=by, at=at, reason=reason)

    def forget(self, version: RosterPlan, *, by: User | None, at: datetime, reason: str) -> None:
        forget(version, by=by, at=at, reason=reason)

    def take_effect(
        self, version: RosterPlan, *, by: User | None, at: datetime, reason: str
    ) -> None:
        take_effect(version, by=by, at=at, reason=reason)

    def copy(self, version: RosterPlan, *, by: User | None, at: datetime, note: str) -> RosterPlan:
        return copy_plan(version, by=by, at=at, note=note)
