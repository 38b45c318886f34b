"""What people suggest to the committee, as far as the reader may see it."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from accounts.models import User
from escalations.models import Incident, Policy, Suggestion

READ_ALL = "escalations.view_suggestion"
SHOWN = 200


def visible_suggestions(person: User) -> QuerySet[Suggestion]:
    """One's own, or all with the right to it; none about an incident that the reader may not
    see."""
    seen = Incident.objects.visible_to(person)
    rows = Suggestion.objects.filter(Q(incident=None) | Q(incident__in=seen))
    if not person.has_perm(READ_ALL):
        rows = rows.filter(suggested_by=person)
    return rows.select_related("policy", "incident", "suggested_by", "answered_by")


def suggestion_rows(person: User) -> list[Suggestion]:
    """What waits for an answer first. One query."""
    found = list(visible_suggestions(person)[:SHOWN])
    return sorted(found, key=lambda row: row.answered_at is not None)


def policy_name(code: str) -> str | None:
    return Policy.objects.filter(code=code).values_list("name", flat=True).first()
