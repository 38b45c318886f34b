"""What a guard may ask about one incident, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from escalations.rules.policy import Severity


class State(StrEnum):
    NEW = "new"
    TRIAGED = "triaged"
    ACKNOWLEDGED = "acknowledged"
    VERIFYING = "verifying"
    MITIGATING = "mitigating"
    CONTAINED = "contained"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"
    MERGED = "merged"
    CANCELLED = "cancelled"


S = State
OPEN_STATES = frozenset(
    {
        S.NEW,
        S.TRIAGED,
        S.ACKNOWLEDGED,
        S.VERIFYING,
        S.MITIGATING,
        S.CONTAINED,
        S.MONITORING,
        S.REOPENED,
    }
)
UNANSWERED = frozenset({S.NEW, S.TRIAGED, S.REOPENED})


class Verification(StrEnum):
    CONFIRMED = "confirmed"
    DATA_FAULT = "data_fault"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Situation:
    """What a guard may ask. `given` holds the validated fields of the request."""

    state: State
    severity: Severity
    at: datetime
    rights: frozenset[str]  # permission codenames of the actor
    given: Mapping[str, object] = field(default_factory=dict)
    is_kpi: bool = False
    kpi_state: str = ""
    is_commander: bool = False
    is_kpi_owner: bool = False
    is_steward: bool = False
    has_steward: bool = False
    verification: str = ""
    has_category: bool = False
    has_team: bool = False
    has_account: bool = False
    is_containment_proposed: bool = False
    has_playbook: bool = False  # one that is approved, where it must be, and running
    waits: frozenset[str] = frozenset()
    has_update_since_containment: bool = False
    closed_at: datetime | None = None
    review: str = ""  # rules.reviews.Standing
    handoff: str = ""  # one waits: asked_of_me, asked_by_me or asked
    handoff_to: str = ""
    keep_owner_until: datetime | None = None  # a duty manager named the owner
    is_ping_pong: bool = False  # a duty manager has to name one
    into_state: str = ""  # of the incident that `given["into"]` names; empty: none to be seen
    into_severity: Severity | None = None
    is_into_itself: bool = False
    merged_at: datetime | None = None
    has_ladder: bool = False  # one that will page somebody unless something happens

    @property
    def is_major(self) -> bool:
        return self.severity <= Severity.S2


@dataclass(frozen=True, slots=True)
class Unmet:
    """A guard that failed: `field` names the input that would meet it, if one would."""

    code: str
    detail: str
    field: str = ""

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "detail": self.detail, "field": self.field}


Guard = Callable[[Situation], Unmet | None]
