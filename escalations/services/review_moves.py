"""The verbs on a review. Every change goes through `changing`: lock, expected version, every guard,
then the verb writes; the review, the timeline and the notices are saved together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q

from accounts.models import User
from accounts.selectors.people import rights_of
from config.lib.errors import Conflict, DomainError, NotAllowed
from config.lib.history import told
from escalations.models import Incident, PostIncidentReview, ReviewAmendment, ReviewSignOff
from escalations.models.notices import NoticeKind
from escalations.rules import reviews as rules
from escalations.rules.action_items import UNSETTLED
from escalations.rules.lifecycle import State, Unmet
from escalations.rules.policy import Severity
from escalations.rules.reviews import ReviewSituation, ReviewState, ReviewVerb
from escalations.selectors.duty import duty_managers
from escalations.services.endings import CLOSE_AFTER
from escalations.services.locks import lock_incident
from escalations.services.recorder import Recorder
from escalations.services.reviews import link_of, settle_as_waived


@dataclass(slots=True)
class Work:
    """One change of a review: what a verb reads and writes. `why` goes to the change history."""

    review: PostIncidentReview
    incident: Incident
    by: User
    recorder: Recorder
    situation: ReviewSituation
    why: str = ""

    @property
    def at(self) -> datetime:
        return self.recorder.at

    def event(self, kind: str, sentence: str, **more: Any) -> None:
        self.why = more.get("reason") or sentence
        self.recorder.event(self.incident, kind, sentence, by=self.by, **more)

    def tell(self, person: User | None, key: str, headline: str, why: str, *lines: str) -> None:
        """One notice; nobody is told what they did themselves."""
        if person is None or person.pk == self.by.pk:
            return
        self.recorder.notice(
            self.incident,
            person,
            NoticeKind.NEWS,
            key=f"{key}:{self.review.version}",
            headline=headline,
            why=why,
            lines=(*lines, link_of(self.incident)),
        )


def visible_review(number: int, user: User) -> PostIncidentReview:
    """The review of incident `number`, if this person may see it; else 404, which tells nothing."""
    found = (
        PostIncidentReview.objects.visible_to(user)
        .select_related("incident", "facilitator", "submitted_by", "signed_off_by", "held_by")
        .filter(incident_id=number)
        .first()
    )
    if found is None:
        raise DomainError("not_found", f"There is no review of INC-{number}.", status=404)
    return found


@contextmanager
def changing(
    number: int,
    verb: ReviewVerb,
    given: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    expected_version: int | None = None,
) -> Iterator[Work]:
    """The review under lock, with every guard met; saved at the end of the block.

    Raises DomainError: 404 `not_found`, 403 `missing_right`, 409 `stale_version` or `illegal_move`
    (with `allowed` and every `unmet` guard), 400 where a field breaks a rule.
    """
    with transaction.atomic():
        visible_review(number, by)
        incident = lock_incident(number)
        review = PostIncidentReview.objects.select_for_update().get(incident_id=number)
        review.incident = incident
        if expected_version is not None and expected_version != review.version:
            raise Conflict(
                "stale_version",
                f"The review changed meanwhile: it is at version {review.version}, you saw "
                f"{expected_version}. Read it again.",
                version=review.version,
            )
        rights = rights_of(by)
        situation = situation_of(review, by, rights, given)
        if failed := rules.unmet(verb, situation):
            raise refusal(f"The review of {incident.key}", verb, failed, review.state, rights)
        work = Work(review, incident, by, Recorder(at), situation)
        yield work
        save(work)


def refusal(
    thing: str,
    verb: str,
    failed: list[Unmet],
    state: str,
    rights: frozenset[str],
    allowed: Any = rules.allowed,
) -> DomainError:
    if len(failed) == 1 and failed[0].code == "missing_right":
        return NotAllowed("missing_right", failed[0].detail)
    return Conflict(
        "illegal_move",
        f"{thing}: {verb} is not possible now. " + " ".join(each.detail for each in failed),
        state=state,
        allowed=allowed(state, rights),
        unmet=[each.as_json() for each in failed],
        errors=[
            {"field": each.field, "code": each.code, "detail": each.detail}
            for each in failed
            if each.field
        ],
    )


def save(work: Work) -> None:
    review = work.review
    review.version += 1
    review.updated_at = work.at
    checked(review)
    told(review, by=work.by, reason=work.why, at=work.at).save()
    touch(work.incident, work.at)
    work.recorder.write()


def checked(row: Any) -> None:
    """What a person entered, against every rule of the model: 400 with the fields."""
    try:
        row.full_clean(validate_unique=False)
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> DomainError:
    errors = [
        {
            "field": "" if field == "__all__" else field,
            "code": each.code or "invalid",
            "detail": message,
        }
        for field, found in error.error_dict.items()
        for each in found
        for message in each.messages
    ]
    return DomainError(
        errors[0]["code"], " ".join(each["detail"] for each in errors), errors=errors
    )


def touch(incident: Incident, at: datetime) -> None:
    """Its timeline grew: pages and pollers look again. The history has nothing to keep."""
    Incident.objects.filter(pk=incident.pk).update(version=F("version") + 1, updated_at=at)


def situation_of(
    review: PostIncidentReview, by: User, rights: frozenset[str], given: Mapping[str, Any]
) -> ReviewSituation:
    """Everything a guard may ask, read once."""
    evidences = list(review.factors.values_list("evidence", flat=True))
    incident = review.incident
    unsettled = sorted(state.value for state in UNSETTLED)
    return ReviewSituation(
        state=ReviewState(review.state),
        severity=Severity(incident.severity),
        rights=rights,
        given=given,
        is_submitter=review.submitted_by_id == by.pk,
        is_facilitator=review.facilitator_id == by.pk,
        is_commander=incident.commander_id == by.pk,
        has_facilitator=review.facilitator_id is not None,
        is_facilitator_commander=review.facilitator_id is not None
        and review.facilitator_id == incident.commander_id,
        has_summary=bool(review.summary.strip()),
        has_impact=review.impact_start is not None and review.impact_end is not None,
        has_lessons=bool(review.lessons.strip()),
        factors=len(evidences),
        factors_without_evidence=sum(not evidence.strip() for evidence in evidences),
        is_meeting_planned=review.meeting_at is not None,
        is_meeting_held=review.held_at is not None,
        open_actions=review.actions.filter(state__in=unsettled).count(),
        has_own_waiver=review.sign_offs.filter(
            kind="waive", person=by, at__gte=review.incident.resolved_at or review.opened_at
        ).exists(),
    )


def perform_review(
    number: int,
    verb: ReviewVerb,
    given: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    expected_version: int | None = None,
) -> PostIncidentReview:
    """Do one verb of `EFFECTS`; `given` holds validated fields of `rules.review_fields`."""
    with changing(number, verb, given, by=by, at=at, expected_version=expected_version) as work:
        EFFECTS[verb](work, given)
    return work.review


def schedule_meeting(work: Work, given: Mapping[str, Any]) -> None:
    review = work.review
    review.meeting_at = given["meeting_at"]
    when = f"{review.meeting_at:%d %b %Y %H:%M} UTC"
    work.event("review_meeting", f"The review meeting is on {when}.")
    for person in people_of(review):
        work.tell(
            person, "review-meeting", f"Review meeting on {when}", "you take part in this review."
        )


def people_of(review: PostIncidentReview) -> list[User]:
    users = User.objects.filter(
        Q(pk=review.facilitator_id)
        | Q(pk=review.incident.commander_id)
        | Q(pk__in=review.participants.values("user"))
    )
    return list(users.order_by("pk"))


def hold(work: Work, given: Mapping[str, Any]) -> None:
    work.review.held_at, work.review.held_by = given.get("held_at") or work.at, work.by
    work.event("review_held", "The review meeting was held.", reason=given.get("comment") or "")


def submit(work: Work, given: Mapping[str, Any]) -> None:
    review = work.review
    review.state = ReviewState.IN_REVIEW
    review.submitted_at, review.submitted_by = work.at, work.by
    work.event("review_submitted", f"{work.by} handed the review in for sign-off.")
    for person in duty_managers():
        if person.pk != review.facilitator_id:
            work.tell(
                person, "review-submitted", "Sign off the review", "you may sign off reviews."
            )


def request_changes(work: Work, given: Mapping[str, Any]) -> None:
    review = work.review
    review.state = ReviewState.CHANGES_REQUESTED
    _record(work, "request_changes", given["reason"])
    work.event("review_changes", f"{work.by} asks for changes.", reason=given["reason"])
    for person in filter(None, (review.submitted_by, review.facilitator)):
        work.tell(
            person,
            "review-changes",
            "The review needs changes",
            "you wrote or lead this review.",
            str(given["reason"]),
        )


def sign_off(work: Work, given: Mapping[str, Any]) -> None:
    review = work.review
    has_open = work.situation.open_actions > 0
    review.state = ReviewState.ACTIONS_OPEN if has_open else ReviewState.SIGNED_OFF
    review.signed_off_at, review.signed_off_by = work.at, work.by
    review.remind_at = None
    _record(work, "sign_off", given.get("comment") or "")
    work.event(
        "review_signed_off",
        f"{work.by} signed the review off.",
        reason=given.get("comment") or "",
    )
    _let_close(work)
    for person in filter(None, (review.facilitator, work.incident.commander)):
        work.tell(
            person, "review-signed", "The review is signed off", "you led it or owned the incident."
        )


def waive(work: Work, given: Mapping[str, Any]) -> None:
    """An S1's review is waived by two: the first asks, the second does it."""
    review, since = work.review, work.incident.resolved_at or work.review.opened_at
    earlier = review.sign_offs.filter(kind="waive", at__gte=since).exclude(person=work.by).exists()
    _record(work, "waive", given["reason"])
    if work.incident.severity == Severity.S1 and not earlier:
        work.event(
            "review_waiver_asked",
            f"{work.by} asks to waive the review; a second person decides.",
            reason=given["reason"],
        )
        for person in duty_managers():
            work.tell(
                person,
                "review-waiver",
                "A second person is needed to waive a review",
                "you may waive reviews.",
                str(given["reason"]),
            )
        return
    settle_as_waived(review, work.at, given["reason"])
    work.event("review_waived", f"{work.by} waived the review.", reason=given["reason"])
    _let_close(work)


def complete(work: Work, given: Mapping[str, Any]) -> None:
    settle_as_completed(work.review, work.at)
    work.event("review_completed", "The review is complete.")


def settle_as_completed(review: PostIncidentReview, at: datetime) -> None:
    review.state, review.completed_at = ReviewState.COMPLETED, at


def amend(work: Work, given: Mapping[str, Any]) -> None:
    ReviewAmendment.objects.create(
        review=work.review, text=given["text"], author=work.by, at=work.at
    )
    work.event("review_amended", "An amendment was added to the review.", reason=given["text"])
    _let_close(work)


def _record(work: Work, kind: str, comment: str) -> None:
    ReviewSignOff.objects.create(
        review=work.review,
        kind=kind,
        person=work.by,
        at=work.at,
        review_version=work.review.version,
        comment=comment,
    )


def _let_close(work: Work) -> None:
    """Nothing holds the incident any more: it closes after its quiet hours."""
    incident = work.incident
    if incident.state == State.RESOLVED and incident.resolved_at is not None:
        due = max(work.at, incident.resolved_at + CLOSE_AFTER)
        Incident.objects.filter(pk=incident.pk).update(close_due_at=due)


EFFECTS = {
    ReviewVerb.SCHEDULE: schedule_meeting,
    ReviewVerb.HOLD: hold,
    ReviewVerb.SUBMIT: submit,
    ReviewVerb.REQUEST_CHANGES: request_changes,
    ReviewVerb.SIGN_OFF: sign_off,
    ReviewVerb.WAIVE: waive,
    ReviewVerb.COMPLETE: complete,
    ReviewVerb.AMEND: amend,
}
