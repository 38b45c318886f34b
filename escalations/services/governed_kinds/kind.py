"""What a change does to a version of one kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic

from accounts.models import User
from escalations.rules.backtests import Result
from escalations.rules.routing_lint import Finding
from escalations.selectors.governed_kinds.kind import GovernedKind, V


class GovernedVerbs(Generic[V]):
    """Every verb runs inside the caller's transaction; the caller holds the lock of the version."""

    reads: GovernedKind[V]

    def may_ask(self, by: User) -> bool:
        """May this person ask for anything of this kind?"""
        return by.has_perm(self.reads.said.right)

    def check_asker(self, version: V, by: User) -> None:
        """Raises DomainError 403 where it is not this person's to ask."""

    def lock(self, pk: int) -> V:
        """The row itself, and whose it is read with it."""
        rows = self.reads.model._default_manager.select_for_update(of=("self",))
        return rows.select_related(self.reads.owner).get(pk=pk)

    def look_over(self, version: V, at: datetime) -> list[Finding]:
        """The warnings. Raises DomainError for what keeps it from review."""
        raise NotImplementedError

    def guard(self, version: V, given: Mapping[str, Any], at: datetime) -> Result | None:
        """What the version would have done, where a kind can be tried on the past. Raises
        DomainError for what it must not do."""
        return None

    def digest(self, version: V) -> str:
        """The hash of what it says."""
        raise NotImplementedError

    def check_again(self, version: V, at: datetime) -> None:
        """Before it decides: raises DomainError for what went wrong since it was approved."""

    def foresee(self, version: V, *, since: datetime, by: User, at: datetime, reason: str) -> None:
        """Approved, it waits: what shows it ahead is made here. The caller saves it."""

    def forget(self, version: V, *, by: User | None, at: datetime, reason: str) -> None:
        """A draft again: what `foresee` made goes. The caller saves it."""

    def take_effect(self, version: V, *, by: User | None, at: datetime, reason: str) -> None:
        """The one in force retires, this one decides from `at` on."""
        raise NotImplementedError

    def copy(self, version: V, *, by: User | None, at: datetime, note: str) -> V:
        """The next draft, which says what this version says."""
        raise NotImplementedError
