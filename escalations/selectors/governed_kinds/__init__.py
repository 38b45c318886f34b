"""The kinds of versions that a change may put in force, as they are read."""

from __future__ import annotations

from typing import Any

from config.lib.errors import DomainError
from escalations.models import Change
from escalations.selectors.governed_kinds.account_value import AccountValue
from escalations.selectors.governed_kinds.approvals import ApprovalNumbers
from escalations.selectors.governed_kinds.hours import Hours
from escalations.selectors.governed_kinds.kind import GovernedKind, Said
from escalations.selectors.governed_kinds.playbooks import Playbooks
from escalations.selectors.governed_kinds.policies import Policies
from escalations.selectors.governed_kinds.rosters import Rosters
from escalations.selectors.governed_kinds.thresholds import Thresholds

KINDS: tuple[GovernedKind[Any], ...] = (
    Policies(),
    Thresholds(),
    Playbooks(),
    Hours(),
    AccountValue(),
    Rosters(),
    ApprovalNumbers(),
)
BY_NAME = {kind.said.name: kind for kind in KINDS}
NAMES = [(kind.said.name, kind.said.thing) for kind in KINDS]
BY_FIELD = {kind.field: kind for kind in KINDS}


def kind_named(name: str) -> GovernedKind[Any]:
    """Raises DomainError 404 `not_found`."""
    if name not in BY_NAME:
        raise DomainError("not_found", f"Nothing governed is called {name!r}.", status=404)
    return BY_NAME[name]


def kind_of(change: Change) -> GovernedKind[Any]:
    return next(kind for field, kind in BY_FIELD.items() if getattr(change, f"{field}_id"))


def version_of(change: Change) -> Any:
    return getattr(change, kind_of(change).field)


__all__ = [
    "BY_FIELD",
    "BY_NAME",
    "KINDS",
    "NAMES",
    "GovernedKind",
    "Said",
    "kind_named",
    "kind_of",
    "version_of",
]
