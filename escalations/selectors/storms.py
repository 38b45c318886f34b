"""Storms and groups as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from escalations.models import Incident, Storm

WORDS = {"area": "product area", "kpi": "KPI", "all": "everywhere"}
SHOWN = 50


@dataclass(frozen=True, slots=True)
class StormView:
    name: str
    parent: int
    parent_key: str
    title: str
    since: datetime
    suppressed: int


@dataclass(frozen=True, slots=True)
class FamilyView:
    """What an incident came together with: the first, or those that came after."""

    parent: Incident | None
    children: tuple[Incident, ...]
    more: int


def storms_for(user: User) -> tuple[StormView, ...]:
    """Storms that last, whose parent this reader may see. One small query mostly, else two."""
    if not Storm.objects.real().filter(ended_at=None).order_by().exists():
        return ()
    seen = Incident.objects.visible_to(user)
    rows = (
        Storm.objects.real()
        .filter(ended_at=None, parent__in=seen)
        .select_related("parent__account")
    )
    storms = list(rows.order_by("started_at")[:10])
    return tuple(
        StormView(
            _name(storm),
            storm.parent_id,
            storm.parent.key,
            storm.parent.title,
            storm.started_at,
            storm.suppressed,
        )
        for storm in storms
    )


def _name(storm: Storm) -> str:
    kind, _, value = storm.dimension.partition(":")
    if kind == "account":
        return storm.parent.account.name if storm.parent.account else value
    return f"{WORDS[kind]} {value}".strip()


def family_of(incident: Incident, user: User) -> FamilyView | None:
    """The incidents it came together with, as far as this reader may see them; None if alone."""
    seen = Incident.objects.visible_to(user)
    parent = seen.filter(pk=incident.parent_id).first() if incident.parent_id else None
    children = list(seen.filter(parent=incident).order_by("number")[: SHOWN + 1])
    if parent is None and not children:
        return None
    more = seen.filter(parent=incident).count() - SHOWN if len(children) > SHOWN else 0
    return FamilyView(parent, tuple(children[:SHOWN]), more)
