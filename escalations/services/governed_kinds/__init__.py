"""The kinds of versions that a change may put in force: one class each, chosen by the foreign key
of `Change`."""

from __future__ import annotations

from typing import Any

from escalations.models import Change
from escalations.selectors.governed_kinds import kind_named, kind_of
from escalations.services.governed_kinds.account_value import AccountValueVerbs
from escalations.services.governed_kinds.approvals import ApprovalVerbs
from escalations.services.governed_kinds.hours import HoursVerbs
from escalations.services.governed_kinds.kind import GovernedVerbs
from escalations.services.governed_kinds.playbooks import PlaybookVerbs
from escalations.services.governed_kinds.policies import PolicyVerbs
from escalations.services.governed_kinds.rosters import RosterVerbs
from escalations.services.governed_kinds.thresholds import ThresholdVerbs

KINDS: tuple[GovernedVerbs[Any], ...] = (
    PolicyVerbs(),
    ThresholdVerbs(),
    PlaybookVerbs(),
    HoursVerbs(),
    AccountValueVerbs(),
    RosterVerbs(),
    ApprovalVerbs(),
)
VERBS = {verbs.reads.field: verbs for verbs in KINDS}


def verbs_named(name: str) -> GovernedVerbs[Any]:
    """Raises DomainError 404 `not_found`."""
    return VERBS[kind_named(name).field]


def verbs_of(change: Change) -> GovernedVerbs[Any]:
    return VERBS[kind_of(change).field]


__all__ = ["VERBS", "GovernedVerbs", "verbs_named", "verbs_of"]
