"""Plans of rosters: their rules, not who stands in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import RosterPlan, User
from accounts.rules.roster_diff import roster_sentences
from escalations.rules.policy_diff import Comparison
from escalations.selectors.approvals import approvals_needed
from escalations.selectors.governed_kinds.kind import GovernedKind, Moved, Reach, Said


class Rosters(GovernedKind[RosterPlan]):
    """No emergency: a stand-in needs nobody's approval."""

    said = Said("roster", "rules of a roster", "accounts.add_rosterversion", "accounts.view_roster")
    field = "roster_plan"
    owner = "roster"
    model = RosterPlan
    has_emergency = False

    def rows(self) -> QuerySet[RosterPlan]:
        return RosterPlan.objects.select_related("roster")

    def title_of(self, version: RosterPlan) -> str:
        return f"Rules of {version.roster.name}"

    def needed(self, version: RosterPlan) -> int:
        return approvals_needed("roster")

    def compare(
        self, before: RosterPlan, after: RosterPlan, *, sees_revenue: bool = False
    ) -> Comparison:
        was, now = _content(before), _content(after)
        return Comparison((), roster_sentences(was, now, _names(before, after)))

    def reach(
        self, before: RosterPlan, after: RosterPlan, person: User, at: datetime
    ) -> Reach | None:
        """As it was when it was asked for: the first 20 times in which somebody else answers."""
        found = after.outlook
        if not found:
            return None
        since, count = datetime.fromisoformat(found["from"]), found["count"]
        names = _people({pk for row in found["first"] for pk in row[2:] if pk is not None})
        times = "1 time" if count == 1 else f"{count} times"
        return Reach(
            title=f"Somebody else answers {times}",
            sentences=(f"In the 14 days from {since:%d %b %Y %H:%M} UTC, stand-ins counted in.",),
            first=tuple(_moved(row, names) for row in found["first"]),
            total=count,
        )

    def home_url(self, version: RosterPlan) -> str:
        return reverse("roster", args=[version.roster.code])

    def edit_url(self, version: RosterPlan) -> str:
        return ""  # it is written anew in the editor of the roster

    def add_url(self, owner: Any) -> str:
        return reverse("roster-edit", args=[owner.code])


def _content(plan: RosterPlan) -> dict[str, Any]:
    return {
        "layers": plan.layers,
        "fallback": plan.fallback_id,
        "accepts_gaps": plan.accepts_gaps,
    }


def _names(*plans: RosterPlan) -> dict[int, str]:
    found = {pk for plan in plans for layer in plan.layers for pk in layer["people"]}
    return _people(found | {plan.fallback_id for plan in plans if plan.fallback_id is not None})


def _people(keys: set[int]) -> dict[int, str]:
    return {pk: str(person) for pk, person in User.objects.in_bulk(keys).items()}


def _moved(row: list[Any], names: dict[int, str]) -> Moved:
    start, end = (datetime.fromisoformat(text) for text in row[:2])
    old, new = (names.get(pk, "nobody") for pk in row[2:])
    return Moved(f"{start:%d %b %H:%M} to {end:%d %b %H:%M} UTC", "", f"{new} instead of {old}")
