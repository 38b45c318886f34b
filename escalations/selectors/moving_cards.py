"""Two cards of the incident page: hand-offs, and other incidents that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse

from accounts.models import User
from escalations.models import Handoff, Incident, IncidentLink
from escalations.models.links import LinkKind
from escalations.rules.lifecycle import REOPEN_WITHIN, State
from escalations.rules.metrics import Handoffs

BACKWARDS = {
    LinkKind.RELATED: "Related",
    LinkKind.DUPLICATE_OF: "Has a duplicate",
    LinkKind.CAUSED_BY: "Caused",
}
OUTCOMES = {
    "pending": "waits",
    "accepted": "accepted",
    "declined": "declined",
    "withdrawn": "withdrawn",
    "returned": "came back",
}


@dataclass(frozen=True, slots=True)
class Passing:
    """One hand-off in a line. `outcome` is a word for people."""

    sender: str
    receiver: str
    outcome: str
    at: datetime
    is_return: bool


@dataclass(frozen=True, slots=True)
class HandoffCard:
    """`pending` is the packet that waits. `index` = returns / hand-offs, as text."""

    pending: Handoff | None
    past: tuple[Passing, ...]
    count: int
    returns: int
    index: str
    must_be_named: bool
    keep_until: datetime | None


def handoff_card(incident: Incident) -> HandoffCard:
    """One query."""
    related = ("from_user", "from_team", "to_user", "to_team", "accepted_by", "next_step_owner")
    rows = list(incident.handoffs.select_related(*related).order_by("-number"))
    accepted = [row for row in rows if row.accepted_at]
    counts = Handoffs(len(accepted), sum(row.is_return for row in accepted))
    return HandoffCard(
        pending=next((row for row in rows if row.is_pending), None),
        past=tuple(
            Passing(
                str(row.from_user),
                str(row.accepted_by or row.receiver),
                OUTCOMES[row.outcome],
                row.answered_at or row.asked_at,
                row.is_return,
            )
            for row in rows
            if not row.is_pending
        ),
        count=counts.handoffs,
        returns=counts.returns,
        index="" if counts.index is None else f"{counts.index:.2f}",
        must_be_named=incident.ping_pong_at is not None and incident.is_open,
        keep_until=incident.keep_owner_until,
    )


@dataclass(frozen=True, slots=True)
class Linked:
    """`url` is empty for an incident that the reader may not see; then it has no title either."""

    key: str
    how: str
    title: str = ""
    state: str = ""
    severity: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True)
class LinksCard:
    into: Linked | None
    rows: tuple[Linked, ...]


def links_of(incident: Incident) -> list[tuple[IncidentLink, bool]]:
    """Links that stand, from both sides; the flag: this incident is the one that says it."""
    rows = IncidentLink.objects.filter(Q(incident=incident) | Q(other=incident), ended_at=None)
    return [(row, row.incident_id == incident.pk) for row in rows.order_by("linked_at", "pk")]


def links_card(incident: Incident, user: User) -> LinksCard:
    """Three queries. Links to incidents that the reader may not see are left out."""
    found = links_of(incident)
    ids = {row.other_id if is_ours else row.incident_id for row, is_ours in found}
    merged = set(
        Incident.objects.filter(merged_into=incident).order_by().values_list("number", flat=True)
    )
    wanted = ids | merged | ({incident.merged_into_id} - {None})
    seen = Incident.objects.visible_to(user).in_bulk(wanted)

    def linked(number: int, how: str) -> Linked | None:
        other = seen.get(number)
        if other is None:
            return None
        url = reverse("incident", args=[number])
        state = other.get_state_display()
        return Linked(other.key, how, other.title, state, other.severity, url)

    rows = [linked(number, "Merged into this") for number in sorted(merged)]
    for row, is_ours in found:
        how = LinkKind(row.kind).label if is_ours else BACKWARDS[LinkKind(row.kind)]
        rows.append(linked(row.other_id if is_ours else row.incident_id, str(how)))
    into = None
    if incident.merged_into_id:
        number = incident.merged_into_id
        into = linked(number, "Merged into") or Linked(f"INC-{number}", "Merged into")
    return LinksCard(into, tuple(row for row in rows if row is not None))


def opens_anew(incident: Incident, rights: frozenset[str], at: datetime) -> bool:
    """Closed too long ago to reopen: a new incident follows it, linked to it."""
    if incident.state != State.CLOSED or incident.closed_at is None:
        return False
    return at - incident.closed_at > REOPEN_WITHIN and "respond_incident" in rights


def follow_up(text: str, user: User) -> dict[str, Any]:
    """What a form for a new incident begins with that follows an old one; nothing for one that
    this person may not see."""
    number = int(text) if text.isdecimal() and len(text) < 10 else 0
    earlier = Incident.objects.visible_to(user).select_related("account").filter(pk=number).first()
    if earlier is None:
        return {}
    return {
        "follows": earlier.number,
        "title": earlier.title,
        "account": earlier.account.external_id if earlier.account else "",
        "product_area": earlier.product_area,
        "category": earlier.category,
    }
