"""The verbs on an action. The last one that is settled completes its review."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from accounts.selectors.people import rights_of
from config.lib.errors import Conflict, DomainError
from config.lib.history import told
from escalations.models import ActionItem, Incident, PostIncidentReview
from escalations.models.notices import NoticeKind
from escalations.rules import action_items as rules
from escalations.rules.action_items import (
    ActionSituation,
    ActionState,
    ActionVerb,
    action_stages,
    counts_from,
    default_due,
)
from escalations.rules.policy import Severity
from escalations.rules.reviews import ReviewState, ReviewVerb, next_at
from escalations.selectors.business_days import business_days_of
from escalations.selectors.duty import duty_managers
from escalations.services.locks import lock_incident
from escalations.services.recorder import Recorder
from escalations.services.review_moves import (
    changing,
    checked,
    refusal,
    settle_as_completed,
    touch,
)
from escalations.services.review_text import person_named
from escalations.services.reviews import link_of

MOST_ACTIONS = 100


@dataclass(slots=True)
class Work:
    action: ActionItem
    incident: Incident
    by: User
    recorder: Recorder
    why: str = ""

    @property
    def at(self) -> datetime:
        return self.recorder.at

    def event(self, kind: str, sentence: str, reason: str = "") -> None:
        self.why = reason or sentence
        self.recorder.event(
            self.incident,
            kind,
            sentence,
            by=self.by,
            reason=reason,
            detail={"action": self.action.pk},
        )

    def tell(self, person: User, key: str, headline: str, why: str, *lines: str) -> None:
        if person.pk == self.by.pk:
            return
        self.recorder.notice(
            self.incident,
            person,
            NoticeKind.NEWS,
            key=f"action-{self.action.pk}-{key}:{self.action.version}",
            headline=headline,
            why=why,
            lines=(
                f"Action: {self.action.title}",
                f"Due: {self.action.due_on}",
                *lines,
                link_of(self.incident),
            ),
        )


def set_reminder(action: ActionItem, incident: Incident, at: datetime) -> None:
    """The next reminder that is not told yet; none for what needs nothing more of its owner."""
    if action.state not in rules.UNDONE:
        action.remind_at = None
        return
    base = counts_from(action.first_due_on, action.due_on, action.times_moved)
    stages = action_stages(base, business_days_of(incident.team, at))
    action.remind_at = next_at(stages, action.remind_stage)


def _save(work: Work) -> None:
    action = work.action
    action.updated_at = work.at
    set_reminder(action, work.incident, work.at)
    checked(action)
    told(action, by=work.by, reason=work.why, at=work.at).save()


def add_action(
    number: int,
    given: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    expected_version: int | None = None,
) -> ActionItem:
    """`title`, `kind`, `owner` and `verifier` (usernames), `verification_method`; optional
    `is_priority` and `due_on` (default by severity: 4, 8 or 12 weeks)."""
    verb = ReviewVerb.ADD_ACTION
    with changing(number, verb, given, by=by, at=at, expected_version=expected_version) as review:
        incident = review.incident
        last = review.review.actions.aggregate(last=Max("number"))["last"] or 0
        if last >= MOST_ACTIONS:
            raise DomainError("too_many", f"A review has at most {MOST_ACTIONS} actions.")
        is_priority = bool(given.get("is_priority"))
        today = business_days_of(incident.team, at).today(at)
        due_on = given.get("due_on") or default_due(
            today, Severity(incident.severity), is_priority=is_priority
        )
        action = ActionItem(
            review=review.review,
            drill_id=review.review.drill_id,
            number=last + 1,
            title=given.get("title", ""),
            kind=given.get("kind", ""),
            is_priority=is_priority,
            owner=person_named(given.get("owner", ""), "owner", incident),
            verifier=person_named(given.get("verifier", ""), "verifier", incident),
            verification_method=given.get("verification_method", ""),
            first_due_on=due_on,
            due_on=due_on,
            created_at=at,
            updated_at=at,
        )
        if due_on < today:
            raise DomainError(
                "due_in_past",
                "An action is due today or later.",
                errors=[{"field": "due_on", "code": "due_in_past", "detail": "In the past."}],
            )
        work = Work(action, incident, by, review.recorder)
        work.why = "Added"
        _save(work)
        work.event("action_added", f"Action {action.number}: {action.title}, due {due_on}.")
        review.why = f"Action {action.number} was added."
        if review.review.state == ReviewState.SIGNED_OFF:
            review.review.state = ReviewState.ACTIONS_OPEN
        work.tell(action.owner, "owner", "An action is yours", "you own this action.")
        work.tell(
            action.verifier,
            "verifier",
            "An action is yours to verify",
            f"you verify this action once {action.owner} says it is done.",
        )
    return action


def visible_action(pk: int, user: User) -> ActionItem:
    found = (
        ActionItem.objects.visible_to(user)
        .select_related("owner", "verifier", "review__incident", "wont_do_asked_by")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise DomainError("not_found", f"There is no action {pk}.", status=404)
    return found


def situation_of(
    action: ActionItem, by: User, rights: frozenset[str], given: Mapping[str, Any]
) -> ActionSituation:
    return ActionSituation(
        state=ActionState(action.state),
        rights=rights,
        given=given,
        is_owner=action.owner_id == by.pk,
        is_verifier=action.verifier_id == by.pk,
        is_asked=action.wont_do_asked_by_id is not None,
        is_asker=action.wont_do_asked_by_id == by.pk,
        due_on=action.due_on,
    )


def perform_action(
    pk: int,
    verb: ActionVerb,
    given: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    expected_version: int | None = None,
) -> ActionItem:
    """Do one verb. Raises DomainError: 404, 403 `missing_right`, 409 `stale_version` or
    `illegal_move` with every `unmet` guard, 400 where a field breaks a rule."""
    with transaction.atomic():
        number = visible_action(pk, by).review.incident_id
        incident = lock_incident(number)
        review = PostIncidentReview.objects.select_for_update().get(incident_id=number)
        action = ActionItem.objects.select_for_update().get(pk=pk)
        review.incident, action.review = incident, review
        if expected_version is not None and expected_version != action.version:
            raise Conflict(
                "stale_version",
                f"The action changed meanwhile: it is at version {action.version}, you saw "
                f"{expected_version}. Read it again.",
                version=action.version,
            )
        rights = rights_of(by)
        if failed := rules.unmet(verb, situation_of(action, by, rights, given)):
            raise refusal(action.key, verb, failed, action.state, rights, rules.allowed)
        work = Work(action, incident, by, Recorder(at))
        action.version += 1
        if (target := rules.MOVES[verb].target) is not None:
            action.state = target
        EFFECTS[verb](work, given)
        _save(work)
        _complete_review(review, work)
        touch(incident, at)
        work.recorder.write()
    return action


def _complete_review(review: PostIncidentReview, work: Work) -> None:
    """A signed review is complete once its last action is verified or left."""
    if review.state != ReviewState.ACTIONS_OPEN or review.actions.unsettled().exists():
        return
    settle_as_completed(review, work.at)
    review.version += 1
    review.updated_at = work.at
    told(review, by=work.by, reason="Its last action is settled.", at=work.at).save()
    work.recorder.event(
        work.incident, "review_completed", "The last action is settled: the review is complete."
    )
    if review.facilitator is not None:
        work.tell(review.facilitator, "completed", "The review is complete", "you led it.")


def start(work: Work, given: Mapping[str, Any]) -> None:
    work.action.started_at, work.action.started_by = work.at, work.by
    work.event("action_started", f"Action {work.action.number} is being worked on.")


def finish(work: Work, given: Mapping[str, Any]) -> None:
    action = work.action
    action.evidence = given["evidence"]
    action.done_at, action.done_by = work.at, work.by
    work.event("action_done", f"Action {action.number} is done.", action.evidence)
    work.tell(
        action.verifier,
        "verify",
        "Please verify an action",
        "you verify this action.",
        f"How: {action.verification_method}",
        f"What shows it: {action.evidence}",
    )


def verify(work: Work, given: Mapping[str, Any]) -> None:
    action = work.action
    action.verified_at, action.verified_by = work.at, work.by
    action.outcome_note = given.get("comment") or ""
    work.event(
        "action_verified", f"{work.by} verified action {action.number}.", action.outcome_note
    )


def reject(work: Work, given: Mapping[str, Any]) -> None:
    """It goes back to its owner, with what is missing."""
    action = work.action
    action.rejected_at, action.rejected_by = work.at, work.by
    action.outcome_note = given["reason"]
    work.event(
        "action_rejected", f"{work.by} does not accept action {action.number}.", given["reason"]
    )
    work.tell(
        action.owner, "rejected", "An action is not done yet", "you own it.", str(given["reason"])
    )


def wont_do(work: Work, given: Mapping[str, Any]) -> None:
    """The first asks, a second agrees."""
    action = work.action
    if action.wont_do_asked_by_id is None:
        action.wont_do_asked_at, action.wont_do_asked_by = work.at, work.by
        action.wont_do_reason = given["reason"]
        work.event(
            "action_leave_asked",
            f"{work.by} asks to leave action {action.number}.",
            given["reason"],
        )
        for person in duty_managers():
            if person.pk != action.owner_id:
                work.tell(
                    person,
                    "leave",
                    "Agree to leave an action undone?",
                    "a second person decides, and you may sign off reviews.",
                    str(given["reason"]),
                )
        return
    action.state = ActionState.WONT_DO
    action.wont_do_at, action.wont_do_by = work.at, work.by
    work.event("action_left", f"{work.by} agrees to leave action {action.number}.", given["reason"])
    work.tell(action.owner, "left", "An action will not be done", "you own it.")


def move_due(work: Work, given: Mapping[str, Any]) -> None:
    """A new day starts the reminders again; from the third move on the first day counts."""
    action, before = work.action, work.action.due_on
    new: date = given["due_on"]
    if new < business_days_of(work.incident.team, work.at).today(work.at):
        raise DomainError(
            "due_in_past",
            "An action is due today or later.",
            errors=[{"field": "due_on", "code": "due_in_past", "detail": "In the past."}],
        )
    action.due_on = new
    action.times_moved += 1
    action.remind_stage = 0
    work.event(
        "action_moved",
        f"Action {action.number} moved from {before} to {new}, for the {action.times_moved}. time.",
        given["reason"],
    )


EFFECTS: dict[ActionVerb, Callable[[Work, Mapping[str, Any]], None]] = {
    ActionVerb.START: start,
    ActionVerb.FINISH: finish,
    ActionVerb.VERIFY: verify,
    ActionVerb.REJECT: reject,
    ActionVerb.WONT_DO: wont_do,
    ActionVerb.MOVE_DUE: move_due,
}
