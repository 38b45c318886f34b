"""Reminders of reviews and their actions. Each stage is told once; a late sweep tells the highest
that is due and records the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from accounts.models import User
from escalations.models import ActionItem, Incident, PostIncidentReview
from escalations.models.notices import NoticeKind
from escalations.rules.action_items import UNDONE, action_stages, counts_from
from escalations.rules.lifecycle import OPEN_STATES
from escalations.rules.reviews import UNSIGNED, Deadlines, Stage, next_at, passed, review_stages
from escalations.selectors.business_days import business_days_of
from escalations.selectors.duty import duty_managers
from escalations.services.locks import lock_incident
from escalations.services.recorder import Recorder
from escalations.services.review_moves import touch
from escalations.services.reviews import link_of

SPONSORS = "executive_sponsor"
REVIEW_WORDS = {
    "schedule": ("The review meeting is not planned", "it should be planned by now"),
    "hold": ("The review meeting was not held", "it should have been held by now"),
    "sign_off": ("The review is not signed off", "an S1 is signed off within 10 business days"),
}
ACTION_WORDS = {
    "soon": ("An action is due in a week", "you own it"),
    "today": ("An action is due today", "you own it"),
    "manager": ("An action is overdue", "it is 3 business days late and its owner reports to you"),
    "duty_manager": ("An action is overdue", "it is 10 business days late"),
    "sponsor": ("An action is overdue", "it is 20 business days late and you sponsor the account"),
}


def settle_review(pk: int, at: datetime) -> bool:
    number = PostIncidentReview.objects.values_list("incident_id", flat=True).get(pk=pk)
    incident = lock_incident(number)
    review = PostIncidentReview.objects.select_for_update().get(pk=pk)
    review.incident = incident
    if review.remind_at is None or review.remind_at > at:
        return False
    if review.state not in UNSIGNED or incident.state in OPEN_STATES:
        # Being worked on again: resolving sets new deadlines.
        PostIncidentReview.objects.filter(pk=pk).update(remind_at=None)
        return True
    due = Deadlines(review.schedule_due_at, review.hold_due_at, review.sign_off_due_at)
    stages = review_stages(due)
    met = {"schedule": review.meeting_at or review.held_at, "hold": review.held_at}
    late = [s for s in passed(stages, review.remind_stage, at) if not met.get(s.code)]
    recorder = Recorder(at)
    if late:
        _note(recorder, incident, "review_late", late, REVIEW_WORDS)
        for person in _people_of_review(review, incident, late[-1].code):
            _tell(recorder, incident, person, f"review-late-{review.pk}", late[-1], REVIEW_WORDS)
    told = max(s.number for s in stages if s.at <= at)
    PostIncidentReview.objects.filter(pk=pk).update(
        remind_stage=told, remind_at=next_at(stages, told), parked_error=""
    )
    if late:
        touch(incident, at)
    recorder.write()
    return True


def _people_of_review(review: PostIncidentReview, incident: Incident, code: str) -> list[User]:
    people = [review.facilitator] if review.facilitator else []
    lead = incident.team.lead if incident.team else None
    if code != "schedule" or not people:
        people += duty_managers()
    elif lead is not None:
        people.append(lead)
    if code == "sign_off":
        people += sponsors_of(incident)
    return people


def sponsors_of(incident: Incident) -> list[User]:
    """The account's sponsor; without one everybody who has the sponsor's role."""
    if incident.account is not None and incident.account.sponsor is not None:
        return [incident.account.sponsor]
    return list(User.objects.filter(groups__name=SPONSORS, is_active=True).order_by("pk"))


def settle_action(pk: int, at: datetime) -> bool:
    number = ActionItem.objects.values_list("review__incident_id", flat=True).get(pk=pk)
    incident = lock_incident(number)
    action = ActionItem.objects.select_for_update().get(pk=pk)
    if action.remind_at is None or action.remind_at > at:
        return False
    if action.state not in UNDONE:
        ActionItem.objects.filter(pk=pk).update(remind_at=None)
        return True
    base = counts_from(action.first_due_on, action.due_on, action.times_moved)
    stages = action_stages(base, business_days_of(incident.team, at))
    late = passed(stages, action.remind_stage, at)
    recorder = Recorder(at)
    if late:
        thing = f"Action {action.number}, {action.title}"
        _note(recorder, incident, "action_reminder", late, ACTION_WORDS, thing, action.pk)
        for person in _people_of_action(action, incident, late[-1].code):
            key = f"action-{action.pk}-{action.times_moved}"
            lines = (thing, f"Owner: {action.owner}. Due: {action.due_on}.")
            _tell(recorder, incident, person, key, late[-1], ACTION_WORDS, lines)
    told = max((s.number for s in stages if s.at <= at), default=action.remind_stage)
    ActionItem.objects.filter(pk=pk).update(
        remind_stage=told, remind_at=next_at(stages, told), parked_error=""
    )
    touch(incident, at)
    recorder.write()
    return True


def _people_of_action(action: ActionItem, incident: Incident, code: str) -> list[User]:
    match code:
        case "manager":
            return [action.owner.manager] if action.owner.manager else duty_managers()
        case "duty_manager":
            return duty_managers()
        case "sponsor":
            return sponsors_of(incident) or duty_managers()
    return [action.owner]


def _note(
    recorder: Recorder,
    incident: Incident,
    kind: str,
    late: Sequence[Stage],
    words: dict[str, tuple[str, str]],
    thing: str = "",
    action: int | None = None,
) -> None:
    """One event a stage, dated when it was due; all but the last were passed before we looked."""
    for stage in late:
        is_told = stage is late[-1]
        headline = words[stage.code][0]
        recorder.event(
            incident,
            kind,
            f"{headline}{f': {thing}' if thing else ''}.",
            at=stage.at,
            reason="" if is_told else "Noticed late: only the latest reminder was sent.",
            detail={
                "stage": stage.number,
                "is_told": is_told,
                **({"action": action} if action else {}),
            },
        )


def _tell(
    recorder: Recorder,
    incident: Incident,
    person: User,
    key: str,
    stage: Stage,
    words: dict[str, tuple[str, str]],
    lines: Iterable[str] = (),
) -> None:
    headline, why = words[stage.code]
    recorder.notice(
        incident,
        person,
        NoticeKind.WARNING,
        key=f"{key}-{stage.number}-{stage.at:%Y%m%d}",
        headline=headline,
        why=f"{why}.",
        lines=(*lines, f"Since {stage.at:%d %b %Y %H:%M} UTC.", link_of(incident)),
    )
