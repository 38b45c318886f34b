"""Writing a review: its fields, its people, its factors, and what people add to the timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Max

from accounts.models import User
from config.lib.errors import DomainError, NotAllowed, field_error
from config.lib.history import told
from config.lib.sensitive import hidden_fields
from escalations.models import (
    ContributingFactor,
    Incident,
    PostIncidentReview,
    RecurrenceLink,
    ReviewEntry,
    ReviewParticipant,
    TimelineEvent,
)
from escalations.models.reviews import EntryKind
from escalations.rules.policy import Severity
from escalations.rules.reviews import ReviewVerb
from escalations.services.review_moves import Work, changing, checked

TEXTS = (
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
)
FIGURES = (
    "impact_start",
    "impact_end",
    "users_affected",
    "revenue_exposed",
    "support_contacts",
    "credits",
    "customer_impact",
)
MOST_FACTORS = 50


def save_review(
    number: int,
    given: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    expected_version: int | None = None,
) -> PostIncidentReview:
    """Save the fields that are given and leave the others.

    Besides texts and figures: `facilitator` (username or ""), `severity_final` ("S1" to "S4"),
    `participants` (usernames) and `recurrences` (incident numbers), both as whole lists.
    """
    verb = ReviewVerb.EDIT
    with changing(number, verb, given, by=by, at=at, expected_version=expected_version) as work:
        review = work.review
        if hidden := sorted(hidden_fields(review, by) & set(given)):
            raise NotAllowed("hidden_field", f"You may not see or set {', '.join(hidden)}.")
        changed = []
        for name in (*TEXTS, *FIGURES):
            if name in given and getattr(review, name) != given[name]:
                setattr(review, name, given[name])
                changed.append(name)
        changed += _save_people(work, given)
        if "recurrences" in given and _save_recurrences(work, given["recurrences"]):
            changed.append("recurrences")
        if changed:
            words = ", ".join(name.replace("_", " ") for name in changed)
            work.event("review_written", f"The review was written on: {words}.")
    return work.review


def _save_people(work: Work, given: Mapping[str, Any]) -> list[str]:
    review, changed = work.review, []
    if "severity_final" in given:
        value = Severity[given["severity_final"]].value if given["severity_final"] else None
        if review.severity_final != value:
            review.severity_final = value
            changed.append("severity_final")
    if "facilitator" in given:
        name = given["facilitator"]
        person = person_named(name, "facilitator", work.incident) if name else None
        if person is not None and person.pk == work.incident.commander_id:
            raise field_error(
                "facilitator",
                "facilitator_is_commander",
                "Whoever owned the incident does not lead its review.",
            )
        if review.facilitator_id != (person.pk if person else None):
            review.facilitator = person
            changed.append("facilitator")
            work.tell(
                person, "review-facilitator", "Please lead the review", "you were asked to lead it."
            )
    if "participants" in given and _save_participants(work, given["participants"]):
        changed.append("participants")
    return changed


def person_named(username: str, field: str, incident: Incident) -> User:
    """Somebody who may see the incident: whoever is given a part of it is told about it."""
    found = User.objects.filter(username=username, is_active=True).first()
    if found is None:
        raise field_error(field, "unknown_person", f"There is nobody called {username!r}.")
    if not Incident.objects.visible_to(found).filter(pk=incident.pk).exists():
        raise field_error(field, "may_not_see", f"{found} may not see {incident.key}.")
    return found


def _save_participants(work: Work, usernames: Sequence[str]) -> bool:
    review = work.review
    people = [person_named(name, "participants", work.incident) for name in usernames]
    wanted = {person.pk: person for person in people}
    there = {each.user_id: each for each in review.participants.all()}
    for pk in set(there) - set(wanted):
        told(there[pk], by=work.by, at=work.at).delete()
    for pk in wanted:
        if pk not in there:
            participant = ReviewParticipant(review=review, user=wanted[pk])
            told(participant, by=work.by, at=work.at).save()
    return set(there) != set(wanted)


def _save_recurrences(work: Work, numbers: Sequence[int]) -> bool:
    review = work.review
    wanted = set(numbers) - {work.incident.number}
    seen = set(
        Incident.objects.visible_to(work.by).filter(pk__in=wanted).values_list("pk", flat=True)
    )
    if unknown := sorted(wanted - seen):
        raise field_error("recurrences", "unknown_incident", f"There is no incident {unknown[0]}.")
    there = set(review.recurrences.values_list("incident", flat=True))
    review.recurrences.exclude(incident__in=wanted).delete()
    RecurrenceLink.objects.bulk_create(
        RecurrenceLink(review=review, incident_id=pk) for pk in sorted(wanted - there)
    )
    return there != wanted


def add_factor(
    number: int,
    given: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    expected_version: int | None = None,
) -> ContributingFactor:
    """`category` and `text`; `evidence` may follow, but before the review is handed in."""
    verb = ReviewVerb.EDIT
    with changing(number, verb, given, by=by, at=at, expected_version=expected_version) as work:
        last = work.review.factors.aggregate(last=Max("position"))["last"] or 0
        if last >= MOST_FACTORS:
            raise DomainError("too_many", f"A review has at most {MOST_FACTORS} factors.")
        factor = ContributingFactor(review=work.review, position=last + 1)
        _write_factor(work, factor, given)
        work.event("review_factor", f"Contributing factor {factor.position} was added.")
    return factor


def change_factor(
    number: int,
    position: int,
    given: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    expected_version: int | None = None,
) -> ContributingFactor:
    verb = ReviewVerb.EDIT
    with changing(number, verb, given, by=by, at=at, expected_version=expected_version) as work:
        factor = _factor(work, position)
        _write_factor(work, factor, given)
        work.event("review_factor", f"Contributing factor {position} was changed.")
    return factor


def remove_factor(
    number: int,
    position: int,
    *,
    by: User,
    at: datetime,
    expected_version: int | None = None,
) -> PostIncidentReview:
    verb = ReviewVerb.EDIT
    with changing(number, verb, {}, by=by, at=at, expected_version=expected_version) as work:
        factor = _factor(work, position)
        told(factor, by=by, at=at).delete()
        work.event("review_factor", f"Contributing factor {position} was removed.")
    return work.review


def _factor(work: Work, position: int) -> ContributingFactor:
    found = work.review.factors.filter(position=position).first()
    if found is None:
        raise DomainError("not_found", f"There is no factor {position}.", status=404)
    return found


def _write_factor(work: Work, factor: ContributingFactor, given: Mapping[str, Any]) -> None:
    for name in ("category", "text", "evidence"):
        if name in given:
            setattr(factor, name, given[name])
    checked(factor)
    told(factor, by=work.by, at=work.at).save()


def add_entry(
    number: int,
    given: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    expected_version: int | None = None,
) -> ReviewEntry:
    """Add to the timeline, annotate or hide one of its events, or explain a gap.

    `kind` of EntryKind; `event` is the event's `seq`; `from_at` and `to_at` are times.
    """
    verb = ReviewVerb.EDIT
    with changing(number, verb, given, by=by, at=at, expected_version=expected_version) as work:
        kind = EntryKind(given["kind"])
        entry = ReviewEntry(
            review=work.review,
            kind=kind,
            event=_event(work, given.get("event")),
            from_at=given.get("from_at"),
            to_at=given.get("to_at"),
            text=given.get("text") or "",
            author=by,
            recorded_at=at,
        )
        if entry.from_at and entry.from_at > at:
            raise field_error("from_at", "in_future", "That has not happened yet.")
        checked(entry)
        entry.save()
        of_event = f" Event {entry.event.seq}." if entry.event else ""
        work.event("review_entry", f"The review's timeline: {kind.label.lower()}.{of_event}")
    return entry


def _event(work: Work, seq: int | None) -> TimelineEvent | None:
    if seq is None:
        return None
    found = TimelineEvent.objects.filter(incident=work.incident, seq=seq).first()
    if found is None:
        raise field_error("event", "unknown_event", f"There is no event {seq} in this timeline.")
    return found
