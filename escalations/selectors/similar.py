"""Earlier incidents like this one, and what helped then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from accounts.models import Account, User
from escalations.models import Incident, IncidentPlaybook, PostIncidentReview
from escalations.rules.lifecycle import State
from escalations.rules.likeness import FEWEST_POINTS, Likeness, Traits, likeness
from escalations.rules.reviews import SIGNED

EACH = 15  # newest of each trait that are looked at
SHOWN = 4
OVER = (State.RESOLVED, State.CLOSED)
FIELDS = ("number", "title", "severity", "resolved_at", "resolution_code", "cause_category")
TRAITS = ("kpi_id", "segment", "account_id", "product_area", "category")
TOLD = tuple(state.value for state in SIGNED)


@dataclass(frozen=True, slots=True)
class Similar:
    key: str
    title: str
    url: str
    severity: int
    why: str
    ended: str
    at: datetime
    lessons: str
    playbooks: tuple[str, ...]


def traits_of(incident: Incident) -> Traits:
    return Traits(
        kpi=incident.kpi_id or 0,
        segment=incident.segment,
        account=incident.account_id or 0,
        product_area=incident.product_area,
        category=incident.category,
    )


def traits_asked(account: Account | None, product_area: str, category: str) -> Traits:
    """Of what a form says so far."""
    return Traits(
        account=account.pk if account else 0, product_area=product_area, category=category
    )


def similar(traits: Traits, user: User, *, besides: int = 0) -> tuple[Similar, ...]:
    """The most alike first, then the newest. At most five queries, each a short walk down an
    index, however many incidents there were."""
    wanted: dict[str, Any] = {
        "kpi": traits.kpi,
        "account": traits.account,
        "category": traits.category,
    }
    seen = (
        Incident.objects.visible_to(user).real().filter(resolved_at__isnull=False, state__in=OVER)
    )
    found: dict[int, tuple[Likeness, Incident]] = {}
    for name, value in wanted.items():
        if not value:
            continue
        rows = seen.filter(**{name: value}).order_by("-resolved_at").only(*FIELDS, *TRAITS)
        for row in rows[:EACH]:
            like = likeness(traits, traits_of(row))
            if like.points >= FEWEST_POINTS and row.pk != besides:
                found[row.pk] = (like, row)
    best = sorted(found.values(), key=lambda each: (-each[0].points, -_when(each[1])))[:SHOWN]
    if not best:
        return ()
    numbers = [row.pk for _, row in best]
    lessons = dict(
        PostIncidentReview.objects.filter(incident__in=numbers, state__in=TOLD).values_list(
            "incident", "lessons"
        )
    )
    ran: dict[int, list[str]] = {}
    links = IncidentPlaybook.objects.filter(incident__in=numbers, run__state="done")
    for link in links.select_related("run__version__playbook").order_by("pk"):
        outcome = link.run.get_outcome_display().lower()
        ran.setdefault(link.incident_id, []).append(f"{link.run.version.playbook.name}: {outcome}")
    return tuple(
        _view(like, row, lessons.get(row.pk, ""), ran.get(row.pk, ())) for like, row in best
    )


def _when(incident: Incident) -> float:
    return incident.resolved_at.timestamp() if incident.resolved_at else 0


def _view(like: Likeness, row: Incident, lessons: str, ran: Any) -> Similar:
    ended = [row.resolution_code, row.cause_category]
    assert row.resolved_at is not None
    return Similar(
        key=row.key,
        title=row.title,
        url=reverse("incident", args=[row.pk]),
        severity=row.severity,
        why=like.why,
        ended=", cause: ".join(word.replace("_", " ") for word in ended if word),
        at=row.resolved_at,
        lessons=lessons[:300],
        playbooks=tuple(ran),
    )
