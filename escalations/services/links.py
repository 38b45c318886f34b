"""Incidents that belong together without being one."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from config.lib.errors import Conflict, field_error
from escalations.models import Incident, IncidentLink
from escalations.models.links import LinkKind
from escalations.services.change import Change

SAID = {
    LinkKind.RELATED: ("is related to", "is related to"),
    LinkKind.DUPLICATE_OF: ("is a duplicate of", "has a duplicate in"),
    LinkKind.CAUSED_BY: ("was caused by", "caused"),
}


def other_incident(number: int, field: str, *, by: User, drill: int | None = None) -> Incident:
    """Raises DomainError 400 `unknown_incident` for one that this person may not see."""
    found = Incident.objects.visible_to(by).filter(pk=number, drill=drill).first()
    if found is None:
        raise field_error(field, "unknown_incident", f"There is no other incident {number}.")
    return found


def _other(change: Change) -> Incident:
    number, incident = change.given("to"), change.incident
    if number == incident.number:
        raise field_error("to", "unknown_incident", "It is not linked to itself.")
    return other_incident(number, "to", by=change.by, drill=incident.drill_id)


def link(change: Change) -> None:
    other, kind = _other(change), LinkKind(change.given("kind"))
    ends = [(change.incident, other)]
    if kind is LinkKind.RELATED:
        ends.append((other, change.incident))  # the same said from the other side
    for one, two in ends:
        if IncidentLink.objects.filter(incident=one, other=two, kind=kind, ended_at=None).exists():
            raise Conflict("linked_already", "These two are linked so already.")
    IncidentLink.objects.create(
        incident=change.incident,
        other=other,
        kind=kind,
        linked_at=change.at,
        linked_by=change.by,
    )
    _tell_both(change, other, kind, "")


def unlink(change: Change) -> None:
    other = _other(change)
    rows = IncidentLink.objects.filter(ended_at=None)
    found = rows.filter(incident=change.incident, other=other) | rows.filter(
        incident=other, other=change.incident
    )
    if change.given("kind"):
        found = found.filter(kind=change.given("kind"))
    kinds = [LinkKind(kind) for kind in found.values_list("kind", flat=True)]
    if not kinds:
        raise Conflict("not_linked", "These two are not linked so.")
    pks = list(found.values_list("pk", flat=True))
    IncidentLink.objects.filter(pk__in=pks).update(ended_at=change.at, ended_by=change.by)
    for kind in kinds:
        _tell_both(change, other, kind, "No longer: ")


def _tell_both(change: Change, other: Incident, kind: LinkKind, before: str) -> None:
    there, back = SAID[kind]
    change.event("link", f"{before}{change.incident.key} {there} {other.key}.")
    change.recorder.event(
        other, "link", f"{before}{other.key} {back} {change.incident.key}.", by=change.by
    )


def link_back(
    incident: Incident, earlier: Incident, *, at: datetime, by: User | None = None
) -> None:
    """It came back too late to reopen: a new incident that points at the old one."""
    IncidentLink.objects.create(
        incident=incident, other=earlier, kind=LinkKind.RELATED, linked_at=at, linked_by=by
    )
