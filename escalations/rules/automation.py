"""What a pause of automation keeps: steps of ladders, and incidents that KPIs would open.

A pause that nobody approved keeps no S1: a worst case is never silenced by one person alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from escalations.rules.policy import Severity

LONGEST = timedelta(hours=24)


class Scope(StrEnum):
    ALL = "all"
    POLICY = "policy"
    KPI = "kpi"
    LADDER = "ladder"


@dataclass(frozen=True, slots=True)
class Pause:
    """`versions` are those of the policy it names, by id."""

    pk: int
    scope: Scope
    starts_at: datetime
    ends_at: datetime
    reason: str = ""
    is_approved: bool = False
    versions: frozenset[int] = frozenset()
    kpi: int | None = None
    ladder: str = ""

    def lasts(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at

    def keeps_step(self, *, version: int, kpi: int | None, ladder: str, severity: int) -> bool:
        """A step of a run on this ladder, of an incident of this KPI and policy version."""
        if self.scope is Scope.LADDER and ladder != self.ladder:
            return False
        return self._covers(version, kpi, severity)

    def keeps_opening(self, *, version: int | None, kpi: int, declared: int | None) -> bool:
        """An incident that a KPI would open. A pause of a ladder opens as ever."""
        if self.scope is Scope.LADDER:
            return False
        return self._covers(version, kpi, declared)

    def _covers(self, version: int | None, kpi: int | None, severity: int | None) -> bool:
        if severity == Severity.S1 and not self.is_approved:
            return False
        match self.scope:
            case Scope.ALL:
                return True
            case Scope.KPI:
                return kpi is not None and kpi == self.kpi
            case _:
                return version in self.versions


def last_to_end(pauses: Iterable[Pause]) -> Pause | None:
    """Of several the one that ends last keeps it."""
    return max(pauses, key=lambda pause: (pause.ends_at, pause.pk), default=None)
