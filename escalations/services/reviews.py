"""Opening a review when an incident is resolved, and what closing asks of it (SEMANTICS 7, 2.6).

Everything here runs inside the change of an incident: the caller holds its lock and writes the
recorder.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.models import Membership, Roster, User
from accounts.rules.valuation import Tier
from accounts.selectors.customers import tier_of
from accounts.selectors.people import rights_of
from accounts.selectors.rosters import people_on_call
from config.lib.errors import Conflict, DomainError, NotAllowed
from config.lib.history import told
from escalations.models import (
    Clock,
    Fact,
    Incident,
    PostIncidentReview,
    ReviewParticipant,
    ReviewSignOff,
    TimelineEvent,
)
from escalations.models.notices import NoticeKind
from escalations.models.timeline import Visibility
from escalations.rules.lifecycle import State
from escalations.rules.policy import Severity
from escalations.rules.reviews import (
    SIGNED,
    UNSIGNED,
    WRITE,
    Case,
    Deadlines,
    ReviewState,
    Standing,
    deadlines,
    next_at,
    review_stages,
    why_required,
)
from escalations.selectors.business_days import business_days_of
from escalations.services.locks import lock_incident
from escalations.services.recorder import Recorder

RISKS = ("data_or_legal_confirmed", "data_or_legal_suspected")
BY_MACHINE = "Belay"


def link_of(incident: Incident) -> str:
    return f"Review: {settings.BASE_URL}/reviews/{incident.number}/"


def case_of(incident: Incident, asked_by: str = "") -> Case:
    """What the rules ask, read once. Three queries."""
    account = incident.account
    missed = Clock.objects.filter(incident=incident).values_list("outcome", "missed")
    return Case(
        severity=Severity(incident.severity),
        is_strategic=account is not None and tier_of(account) is Tier.STRATEGIC,
        has_breach=any(outcome == "missed" or count for outcome, count in missed),
        is_data_or_legal=any(
            value is True
            for value in Fact.objects.filter(incident=incident, name__in=RISKS).values_list(
                "value", flat=True
            )
        ),
        reopen_count=incident.reopen_count,
        asked_by=asked_by,
    )


def review_of(incident: Incident) -> PostIncidentReview | None:
    return PostIncidentReview.objects.select_for_update().filter(incident=incident).first()


def standing_of(incident: Incident) -> Standing:
    """What the closing of this incident finds. Two queries at most."""
    review = PostIncidentReview.objects.filter(incident=incident).first()
    if review is None:
        return Standing.NONE
    if review.state == ReviewState.WAIVED:
        return Standing.DONE
    if review.state not in SIGNED:
        return Standing.OPEN
    resolved, signed = incident.resolved_at, review.signed_off_at
    if resolved and signed and signed < resolved:
        is_amended = review.amendments.filter(at__gte=resolved).exists()
        return Standing.DONE if is_amended else Standing.OUTDATED
    return Standing.DONE


def open_review(
    incident: Incident, recorder: Recorder, *, by: User | None, asked_by: str = ""
) -> PostIncidentReview | None:
    """Open the review that the rules ask for, or go on with the one there is; None: none needed."""
    because = why_required(case_of(incident, asked_by))
    review = review_of(incident)
    if review is not None:
        _go_on(review, incident, recorder, because)
        return review
    if not because:
        return None
    at = recorder.at
    due = _deadlines(incident, incident.resolved_at or at)
    review = PostIncidentReview(
        incident=incident,
        drill_id=incident.drill_id,
        required_because=because,
        opened_at=at,
        updated_at=at,
        facilitator=_proposed_facilitator(incident, at),
        severity_final=incident.severity,
        **_prefilled(incident, recorder),
    )
    _set_deadlines(review, due)
    # Came and went within one import of old readings: written down, but nobody is chased.
    is_history = by is None and incident.opened_at == at
    if is_history:
        review.remind_at = None
    _save(review, by, at, " ".join(because.values()))
    _add_participants(review, incident)
    recorder.event(
        incident,
        "review_opened",
        "A review was opened.",
        by=by,
        reason=" ".join(because.values()),
        detail={"facilitator": str(review.facilitator or "nobody yet")},
    )
    if not is_history:
        _tell_opened(review, incident, recorder, due)
    return review


def _save(review: PostIncidentReview, by: User | None, at: datetime, why: str) -> None:
    told(review, by=by, reason=why, at=at).save()


def _deadlines(incident: Incident, since: datetime) -> Deadlines:
    return deadlines(since, Severity(incident.severity), business_days_of(incident.team, since))


def _set_deadlines(review: PostIncidentReview, due: Deadlines) -> None:
    review.schedule_due_at, review.hold_due_at = due.schedule_by, due.hold_by
    review.sign_off_due_at = due.sign_off_by
    review.remind_stage, review.remind_at = 0, next_at(review_stages(due), 0)


def _go_on(
    review: PostIncidentReview, incident: Incident, recorder: Recorder, because: dict[str, str]
) -> None:
    """Resolved again: a draft gets new deadlines, a waiver ends, signed text asks to be amended."""
    review.required_because |= because
    if review.state == ReviewState.WAIVED and because:
        review.state = ReviewState.DRAFT
        review.waived_at, review.waiver_reason = None, ""
    if review.state in UNSIGNED:
        _set_deadlines(review, _deadlines(incident, incident.resolved_at or recorder.at))
        if review.meeting_at and review.meeting_at < recorder.at and review.held_at is None:
            review.meeting_at = None
        review.impact_end = incident.resolved_at
        sentence = "Resolved again: its review goes on."
    else:
        sentence = "Resolved again: say in an amendment of the review what was learnt since."
    review.version += 1
    review.updated_at = recorder.at
    _save(review, None, recorder.at, sentence)
    recorder.event(incident, "review_goes_on", sentence)
    if review.facilitator is not None:
        recorder.notice(
            incident,
            review.facilitator,
            NoticeKind.NEWS,
            key=f"review-again:{incident.reopen_count}",
            headline="The review goes on",
            why="you lead the review of this incident, and it was resolved again.",
            lines=(sentence, link_of(incident)),
        )


def _prefilled(incident: Incident, recorder: Recorder) -> dict[str, object]:
    first = incident.signals.order_by("first_at").values_list("first_at", flat=True).first()
    facts = dict(
        Fact.objects.filter(incident=incident, name="arr_at_risk").values_list("name", "value")
    )
    start = min(first or incident.received_at, incident.received_at)
    told = TimelineEvent.objects.filter(
        incident=incident, visibility=Visibility.CUSTOMER
    ).select_related("actor")
    end = incident.resolved_at
    return {
        "impact_start": start,
        "impact_end": end if end is None or end >= start else start,
        "revenue_exposed": _amount(facts.get("arr_at_risk")),
        "detection": f"Told by {incident.source}.",
        "communications": "\n\n".join(
            f"{event.at:%d %b %H:%M} UTC, {event.actor or BY_MACHINE}: {event.sentence}"
            for event in (*told.order_by("seq"), *recorder.told_customer(incident))
        ),
    }


def _amount(value: object) -> object:
    is_number = isinstance(value, int | float | str) and not isinstance(value, bool)
    try:
        return round(float(str(value)), 2) if is_number else None
    except ValueError:
        return None


def _proposed_facilitator(incident: Incident, at: datetime) -> User | None:
    """On call in the team, else its lead, else a member: never who owned the incident."""
    if incident.team is None:
        return None
    members = list(
        Membership.objects.current(at)
        .filter(team=incident.team, user__is_active=True)
        .exclude(user=incident.commander_id)
        .select_related("user")
        .order_by("pk")
    )
    on_call = people_on_call(Roster.objects.filter(team=incident.team).order_by("pk"), at)
    on_call.pop(incident.commander_id or 0, None)
    rank = {person: place for place, person in enumerate(on_call)}
    lead = incident.team.lead_id
    people = sorted(
        (each.user for each in members),
        key=lambda user: (rank.get(user.pk, 99), user.pk != lead),
    )
    return next((user for user in people if WRITE in rights_of(user)), None)


def _add_participants(review: PostIncidentReview, incident: Incident) -> None:
    seen = dict.fromkeys(
        incident.responders.order_by("assigned_at", "id").values_list("user", flat=True)
    )
    for user in seen:
        if user != review.facilitator_id:
            ReviewParticipant.objects.create(review=review, user_id=user)


def _tell_opened(
    review: PostIncidentReview, incident: Incident, recorder: Recorder, due: Deadlines
) -> None:
    lines = (
        *review.required_because.values(),
        f"Plan the meeting by {due.schedule_by:%d %b %H:%M} UTC, hold it by "
        f"{due.hold_by:%d %b %H:%M} UTC.",
        link_of(incident),
    )
    if review.facilitator is not None:
        recorder.notice(
            incident,
            review.facilitator,
            NoticeKind.ASSIGNED,
            key="review-facilitator",
            headline="Please lead the review",
            why="you are on the team and did not own the incident.",
            lines=lines,
        )
    if incident.commander is not None and incident.accepted_at is not None:
        recorder.notice(
            incident,
            incident.commander,
            NoticeKind.NEWS,
            key="review-opened",
            headline="A review was opened",
            why="you owned this incident: what you know belongs in its review.",
            lines=lines,
        )


def void_review(incident: Incident, recorder: Recorder, reason: str) -> None:
    """The incident was nothing, or became part of another: nobody has to review it."""
    review = review_of(incident)
    if review is not None and review.state in UNSIGNED:
        _waive(review, incident, recorder, by=None, reason=reason)


def review_closing(incident: Incident, recorder: Recorder, *, by: User, waiver: str) -> None:
    """Closing an S2 with a reason waives its review with that reason. Facts that came after the
    resolving may ask for a review only now."""
    review = review_of(incident) or open_review(incident, recorder, by=by)
    if review is not None and waiver and review.state in UNSIGNED:
        _waive_by(review, incident, recorder, by=by, reason=waiver)


def _waive_by(
    review: PostIncidentReview, incident: Incident, recorder: Recorder, *, by: User, reason: str
) -> None:
    ReviewSignOff.objects.create(
        review=review,
        kind="waive",
        person=by,
        at=recorder.at,
        review_version=review.version,
        comment=reason,
    )
    _waive(review, incident, recorder, by=by, reason=reason)


def _waive(
    review: PostIncidentReview,
    incident: Incident,
    recorder: Recorder,
    *,
    by: User | None,
    reason: str,
) -> None:
    settle_as_waived(review, recorder.at, reason)
    review.version += 1
    review.updated_at = recorder.at
    _save(review, by, recorder.at, reason)
    recorder.event(incident, "review_waived", "The review was waived.", by=by, reason=reason)


def settle_as_waived(review: PostIncidentReview, at: datetime, reason: str) -> None:
    review.state = ReviewState.WAIVED
    review.waived_at, review.waiver_reason = at, reason[:500]
    review.remind_at = None


def ask_for_review(number: int, reason: str, *, by: User, at: datetime) -> PostIncidentReview:
    """A person asks for the review of a near miss. Raises 404, 403, 409 `review_exists`."""
    with transaction.atomic():
        if not Incident.objects.visible_to(by).filter(pk=number).exists():
            raise DomainError("not_found", f"There is no incident {number}.", status=404)
        if WRITE not in rights_of(by):
            raise NotAllowed("missing_right", f"This needs the right {WRITE}.")
        incident = lock_incident(number)
        if incident.state not in (State.RESOLVED, State.CLOSED):
            raise Conflict("not_resolved", "A review opens when the incident is resolved.")
        if review_of(incident) is not None:
            raise Conflict("review_exists", f"{incident.key} has a review already.")
        recorder = Recorder(at)
        review = open_review(incident, recorder, by=by, asked_by=f"{by}, {reason}"[:300])
        assert review is not None  # somebody asked for it
        recorder.write()
    return review
