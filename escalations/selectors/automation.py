"""Pauses of automation: what lasts now, as rules and as pages read it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from config.lib.stamps import Kept
from escalations.models import AutomationPause, Incident, LadderRun, PolicyVersion, Signal
from escalations.models.ladders import LIVE
from escalations.rules.automation import Pause, Scope
from escalations.rules.policy import Severity

SHOWN = 100


def pauses_from(known: Kept) -> list[Pause]:
    """Those that nobody ended; no query where they are `known`."""
    return known.one("pauses of automation", _pauses)


def _pauses() -> list[Pause]:
    rows = list(AutomationPause.objects.lasting())
    policies = {row.policy_id for row in rows if row.policy_id is not None}
    versions: dict[int, set[int]] = defaultdict(set)
    if policies:
        for pk, policy in PolicyVersion.objects.filter(policy__in=policies).values_list(
            "pk", "policy_id"
        ):
            versions[policy].add(pk)
    return [as_rule(row, frozenset(versions.get(row.policy_id or 0, ()))) for row in rows]


def as_rule(row: AutomationPause, versions: frozenset[int]) -> Pause:
    return Pause(
        pk=row.pk,
        scope=Scope(row.scope),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        reason=row.reason,
        is_approved=row.approver_id is not None,
        versions=versions,
        kpi=row.kpi_id,
        ladder=row.ladder,
    )


def open_s1(scope: str, policy: int | None, kpi: int | None, ladder: str) -> QuerySet[Incident]:
    """Open incidents of the worst severity that such a pause would concern."""
    rows = Incident.objects.real().open().filter(severity=Severity.S1)
    match scope:
        case Scope.POLICY:
            return rows.filter(policy_version__policy=policy)
        case Scope.KPI:
            return rows.filter(kpi=kpi)
        case Scope.LADDER:
            climbing = LadderRun.objects.filter(ladder=ladder, state__in=LIVE)
            return rows.filter(policy_version__policy=policy, pk__in=climbing.values("incident_id"))
    return rows


@dataclass(frozen=True, slots=True)
class PauseView:
    """`state`: lasts or over. `covers` in words; how many steps and openings it kept."""

    row: AutomationPause
    covers: str
    state: str
    steps: int = 0
    openings: int = 0


def described() -> QuerySet[AutomationPause]:
    return AutomationPause.objects.select_related(
        "policy", "kpi", "paused_by", "approver", "ended_by"
    )


def lasting(at: datetime, known: Kept | None = None) -> list[PauseView]:
    """One query; for the banner of every page none, where they are `known`."""
    rows = (known or Kept(None)).one("pauses described", _not_ended)
    return [_view(row, at) for row in rows if row.ends_at > at]


def _not_ended() -> list[AutomationPause]:
    return list(described().filter(ended_at=None).order_by("ends_at", "pk"))


def pauses(at: datetime) -> list[PauseView]:
    """What lasts, then what is over, the newest first. One query."""
    kept = Q(kept_signals__incident=None, kept_signals__ended_at=None)
    rows = (
        described()
        .annotate(
            steps=Count("kept_runs", distinct=True),
            openings=Count("kept_signals", filter=kept, distinct=True),
        )
        .order_by("-starts_at", "-pk")[:SHOWN]
    )
    found = [_view(row, at) for row in rows]
    return sorted(found, key=lambda view: view.state != "lasts")


def _view(row: Any, at: datetime) -> PauseView:
    return PauseView(
        row=row,
        covers=covers(row),
        state="lasts" if row.ended_at is None and at < row.ends_at else "over",
        steps=getattr(row, "steps", 0),
        openings=getattr(row, "openings", 0),
    )


def covers(row: AutomationPause) -> str:
    match row.scope:
        case Scope.POLICY:
            return f"Policy {row.policy.name}" if row.policy else ""
        case Scope.KPI:
            return f"KPI {row.kpi.name}" if row.kpi else ""
        case Scope.LADDER:
            return f"Ladder {row.ladder} of {row.policy.name}" if row.policy else ""
    return "Everything"


def kept_now() -> tuple[int, int]:
    """Ladders and openings that pauses keep: told apart from what is lost."""
    runs = LadderRun.objects.real().filter(kept_by__isnull=False).count()
    waiting = Signal.objects.real().filter(kept_by__isnull=False, incident=None, ended_at=None)
    return runs, waiting.count()
