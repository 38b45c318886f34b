"""Reviews in lists and as plain values for the API. Budgets: list 3 queries, detail 12."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse

from accounts.models import Account, User
from accounts.selectors.customers import tier_of
from config.lib.sensitive import hidden_fields
from escalations.models import (
    ActionItem,
    ContributingFactor,
    Incident,
    PostIncidentReview,
    RecurrenceLink,
)
from escalations.rules.action_items import allowed as allowed_of_action
from escalations.rules.action_items import is_overdue
from escalations.rules.lifecycle import State
from escalations.rules.policy import Severity
from escalations.rules.reviews import WRITE, NameFound, allowed, names_in
from escalations.selectors.incidents import iso

RELATED = (
    "facilitator",
    "incident__account__valued_by",
    "incident__team",
    "incident__kpi",
    "incident__commander",
)
NAMELESS = {
    "root_causes": "Root causes",
    "process_gaps": "Process gaps",
    "lessons": "Lessons",
}
SEARCHED = (
    "summary",
    "lessons",
    "root_causes",
    "process_gaps",
    "fault",
    "lead_up",
    "incident__title",
    "incident__account__name",
)


SHOWN = (
    "summary",
    "detection",
    "detection_faster",
    "lead_up",
    "fault",
    "response",
    "recovery",
    "root_causes",
    "process_gaps",
    "went_well",
    "lucky",
    "lessons",
    "communications",
    "users_affected",
    "support_contacts",
    "customer_impact",
    "waiver_reason",
)


@dataclass(frozen=True, slots=True)
class ReviewLink:
    """To the review there is; else whether this reader may ask for one."""

    url: str = ""
    label: str = ""
    may_ask: bool = False


def review_link(incident: Incident, rights: frozenset[str]) -> ReviewLink:
    """For the page of an incident. One query."""
    review = PostIncidentReview.objects.filter(incident=incident).only("state").first()
    if review is not None:
        return ReviewLink(reverse("review", args=[incident.number]), review.get_state_display())
    is_over = incident.state in (State.RESOLVED, State.CLOSED)
    return ReviewLink(may_ask=is_over and WRITE in rights)


def reviews_of(user: User) -> QuerySet[PostIncidentReview]:
    """With `tier`, the tier of the incident's account."""
    account = Account.objects.with_tier().filter(pk=OuterRef("incident__account_id"))
    seen = PostIncidentReview.objects.real().visible_to(user).select_related(*RELATED)
    return seen.annotate(tier=Subquery(account.values(found=F("tier"))[:1]))


def matching(rows: QuerySet, text: str) -> QuerySet:
    """Every word of `text` stands somewhere in the review, its factors or its incident."""
    for word in text.split()[:10]:
        found = Q()
        for name in SEARCHED:
            found |= Q(**{f"{name}__icontains": word})
        # Looked through once for the whole list, not once for each review.
        factors = ContributingFactor.objects.filter(text__icontains=word)
        found |= Q(pk__in=factors.values("review"))
        number = word.upper().removeprefix("INC-")
        if number.isascii() and number.isdigit() and len(number) < 18:
            found |= Q(incident_id=int(number))
        rows = rows.filter(found)
    return rows


def with_cause(rows: QuerySet, categories: Iterable[str]) -> QuerySet:
    factors = ContributingFactor.objects.filter(
        review=OuterRef("pk"), category__in=list(categories)
    )
    return rows.filter(Exists(factors))


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def summary(review: PostIncidentReview) -> dict[str, Any]:
    """One row of a list; no query when `RELATED`, `factors` and `actions` are loaded."""
    incident = review.incident
    actions = list(review.actions.all())
    return {
        "number": incident.number,
        "key": incident.key,
        "title": incident.title,
        "state": review.state,
        "version": review.version,
        "required_because": review.required_because,
        "severity": Severity(incident.severity).label,
        "severity_initial": Severity(incident.auto_severity).label,
        "severity_final": Severity(review.severity_final).label if review.severity_final else None,
        "account": incident.account.external_id if incident.account else None,
        "tier": tier_of(incident.account).value if incident.account else None,
        "team": incident.team.code if incident.team else None,
        "kpi": incident.kpi.code if incident.kpi else None,
        "product_area": incident.product_area,
        "facilitator": review.facilitator.username if review.facilitator else None,
        "causes": sorted({factor.category for factor in review.factors.all()}),
        "actions_open": sum(each.state not in ("verified", "wont_do") for each in actions),
        "actions_total": len(actions),
        "opened_at": iso(review.opened_at),
        "updated_at": iso(review.updated_at),
        "schedule_due_at": iso(review.schedule_due_at),
        "hold_due_at": iso(review.hold_due_at),
        "sign_off_due_at": iso(review.sign_off_due_at),
        "meeting_at": iso(review.meeting_at),
        "held_at": iso(review.held_at),
        "submitted_at": iso(review.submitted_at),
        "signed_off_at": iso(review.signed_off_at),
        "waived_at": iso(review.waived_at),
        "completed_at": iso(review.completed_at),
    }


def detail(
    review: PostIncidentReview, user: User, rights: frozenset[str], at: datetime
) -> dict[str, Any]:
    """The whole review; what this person may not see is left out."""
    hidden = hidden_fields(review, user)
    texts = {name: getattr(review, name) for name in SHOWN}
    money = {
        name: None if (value := getattr(review, name)) is None else str(value)
        for name in ("revenue_exposed", "credits")
        if name not in hidden
    }
    return {
        **summary(review),
        **texts,
        **money,
        "impact_start": iso(review.impact_start),
        "impact_end": iso(review.impact_end),
        "participants": [
            {"user": each.user.username, "role": each.role}
            for each in review.participants.select_related("user")
        ],
        "factors": [factor_value(factor) for factor in review.factors.all()],
        "entries": [entry_value(e) for e in review.entries.select_related("author", "event")],
        "actions": [
            action_value(action, rights, at)
            for action in review.actions.select_related("owner", "verifier", "wont_do_asked_by")
        ],
        "sign_offs": [
            {
                "kind": each.kind,
                "person": each.person.username,
                "at": iso(each.at),
                "version": each.review_version,
                "comment": each.comment,
            }
            for each in review.sign_offs.select_related("person")
        ],
        "amendments": [
            {"text": each.text, "author": each.author.username, "at": iso(each.at)}
            for each in review.amendments.select_related("author")
        ],
        "recurrences": [each.incident_id for each in recurrences_of(review, user)],
        "warnings": [
            {"field": each.field, "code": "person_named", "detail": each.sentence}
            for each in name_warnings(review)
        ],
        "allowed": allowed(review.state, rights),
    }


def recurrences_of(review: PostIncidentReview, user: User) -> list[RecurrenceLink]:
    """Linked incidents that this reader may see. One query."""
    seen = Incident.objects.visible_to(user)
    return list(review.recurrences.filter(incident__in=seen).select_related("incident"))


def factor_value(factor: ContributingFactor) -> dict[str, Any]:
    return {
        "position": factor.position,
        "category": factor.category,
        "text": factor.text,
        "evidence": factor.evidence,
    }


def entry_value(entry: Any) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "event": entry.event.seq if entry.event else None,
        "from_at": iso(entry.from_at),
        "to_at": iso(entry.to_at),
        "text": entry.text,
        "author": entry.author.username,
        "recorded_at": iso(entry.recorded_at),
    }


def action_value(action: ActionItem, rights: frozenset[str], at: datetime) -> dict[str, Any]:
    """No query when owner, verifier and `wont_do_asked_by` are loaded."""
    return {
        "id": action.pk,
        "number": action.number,
        "incident": action.review.incident_id,
        "title": action.title,
        "kind": action.kind,
        "is_priority": action.is_priority,
        "owner": action.owner.username,
        "verifier": action.verifier.username,
        "verification_method": action.verification_method,
        "first_due_on": _day(action.first_due_on),
        "due_on": _day(action.due_on),
        "times_moved": action.times_moved,
        "is_overdue": action.state in ("open", "in_progress", "rejected")
        and is_overdue(action.due_on, action.times_moved, at.date()),
        "state": action.state,
        "version": action.version,
        "evidence": action.evidence,
        "outcome_note": action.outcome_note,
        "done_at": iso(action.done_at),
        "verified_at": iso(action.verified_at),
        "rejected_at": iso(action.rejected_at),
        "wont_do_asked_by": action.wont_do_asked_by.username if action.wont_do_asked_by else None,
        "wont_do_reason": action.wont_do_reason,
        "allowed": allowed_of_action(action.state, rights),
    }


def name_warnings(review: PostIncidentReview) -> list[NameFound]:
    """Persons of this incident who are named where causes and lessons stand. One query."""
    people = User.objects.filter(pk__in=people_ids(review)).values_list(
        "first_name", "last_name", "username"
    )
    texts = {name: getattr(review, name) for name in NAMELESS}
    for factor in review.factors.all():
        texts[f"factor {factor.position}"] = f"{factor.text}\n{factor.evidence}"
    return names_in({name: text for name, text in texts.items() if text.strip()}, list(people))


def people_ids(review: PostIncidentReview) -> set[int]:
    """Who was on the incident or takes part in its review. Two queries."""
    found = {review.facilitator_id, review.incident.commander_id}
    found |= set(review.participants.values_list("user", flat=True))
    found |= set(review.incident.responders.values_list("user", flat=True))
    return {pk for pk in found if pk is not None}
