"""Which exception sets the target of a promise, and what exceptions owe together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST = timedelta(days=366)
OFTEN = 2  # renewals from which an exception looks like the rule


@dataclass(frozen=True, slots=True)
class Place:
    """Where a promise begins: what an exception may be limited to."""

    policy: int
    severity: int
    incident: int | None = None
    account: int | None = None
    team: int | None = None
    product_area: str = ""


@dataclass(frozen=True, slots=True)
class Bend:
    """An approved exception that gives a clock kind another target. Empty: no limit."""

    pk: int
    policy: int
    clock_kind: str
    target_s: int
    starts_at: datetime
    expires_at: datetime
    reason: str = ""
    severity: int | None = None
    incident: int | None = None
    account: int | None = None
    team: int | None = None
    product_area: str = ""

    def covers(self, place: Place, kind: str, at: datetime) -> bool:
        return (
            self.clock_kind == kind
            and self.policy == place.policy
            and self.starts_at <= at < self.expires_at
            and self.severity in (None, place.severity)
            and self.incident in (None, place.incident)
            and self.account in (None, place.account)
            and self.team in (None, place.team)
            and self.product_area in ("", place.product_area)
        )

    @property
    def narrowness(self) -> tuple[int, bool, int]:
        """An incident is narrower than an account, that than a team, that than a product area;
        then one severity than all; then the newest."""
        limits = (self.product_area or None, self.team, self.account, self.incident)
        widths = [number for number, limit in enumerate(limits, 1) if limit is not None]
        return max(widths, default=0), self.severity is not None, self.pk


def chosen(bends: Iterable[Bend], place: Place, kind: str, at: datetime) -> Bend | None:
    """The narrowest that covers a promise of this kind which begins at `at`."""
    found = (bend for bend in bends if bend.covers(place, kind, at))
    return max(found, key=lambda bend: bend.narrowness, default=None)


@dataclass(frozen=True, slots=True)
class Owed:
    """One exception in force, as far as the debt counts it."""

    starts_at: datetime
    expires_at: datetime
    renewals: int
    cost_minor: int | None
    currency: str


@dataclass(frozen=True, slots=True)
class Debt:
    """`costs`: currency and sum in its minor units. `oldest_at`: since when the oldest lasts."""

    in_force: int = 0
    past_half: int = 0
    often_renewed: int = 0
    costs: tuple[tuple[str, int], ...] = ()
    oldest_at: datetime | None = None


def debt(rows: Iterable[Owed], at: datetime) -> Debt:
    rows = list(rows)
    costs: Counter[str] = Counter()
    for row in rows:
        if row.cost_minor is not None:
            costs[row.currency] += row.cost_minor
    return Debt(
        in_force=len(rows),
        past_half=sum(at - row.starts_at >= (row.expires_at - row.starts_at) / 2 for row in rows),
        often_renewed=sum(row.renewals >= OFTEN for row in rows),
        costs=tuple(sorted(costs.items())),
        oldest_at=min((row.starts_at for row in rows), default=None),
    )
