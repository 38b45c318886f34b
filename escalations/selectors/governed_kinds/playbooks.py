"""Versions of playbooks."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from escalations.rules.playbook_diff import TEXTS, playbook_sentences
from escalations.rules.policy_diff import Comparison
from escalations.selectors.approvals import approvals_needed
from escalations.selectors.governed_kinds.kind import GovernedKind, Said
from playbooks.models import PlaybookVersion

STEP_FIELDS = (
    "title",
    "instructions",
    "expected_outcome",
    "owner_role",
    "timebox_s",
    "needs_approval",
)


class Playbooks(GovernedKind[PlaybookVersion]):
    said = Said("playbook", "playbook", "playbooks.change_playbook", "playbooks.view_playbook")
    field = "playbook_version"
    owner = "playbook"
    model = PlaybookVersion

    def rows(self) -> QuerySet[PlaybookVersion]:
        return PlaybookVersion.objects.select_related("playbook")

    def needed(self, version: PlaybookVersion) -> int:
        return approvals_needed("playbook")

    def compare(
        self, before: PlaybookVersion, after: PlaybookVersion, *, sees_revenue: bool = False
    ) -> Comparison:
        return Comparison((), playbook_sentences(_content(before), _content(after)))

    def home_url(self, version: PlaybookVersion) -> str:
        return reverse("playbook", args=[version.playbook.code])


def _content(version: PlaybookVersion) -> dict[str, Any]:
    steps = version.steps.order_by("position").values(*STEP_FIELDS)
    texts = {name: getattr(version, name) for name in TEXTS}
    return {**texts, "needs_approval": version.needs_approval, "steps": list(steps)}
