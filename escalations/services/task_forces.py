"""Bringing people together on an incident."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Membership, User
from accounts.models.people import validate_zone
from accounts.selectors.people import rights_of
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from escalations.models import Incident, TaskForce, TaskForceMember
from escalations.models.notices import NoticeKind
from escalations.models.task_forces import Meeting
from escalations.rules.evidence import call_link, web_link
from escalations.selectors.incidents import visible_incident
from escalations.selectors.task_forces import rule_for, where_from
from escalations.services.locks import lock_incident
from escalations.services.moves import finish
from escalations.services.recorder import Recorder
from escalations.services.review_text import person_named

MOST_MEMBERS = 50
MEETING_FIELDS = (
    "channel_url",
    "bridge_url",
    "meeting",
    "meeting_every_h",
    "meeting_at",
    "meeting_zone",
)


def form_task_force(number: int, *, by: User, at: datetime) -> TaskForce:
    """By the rule of its policy version that fits; without one it begins with its founder and the
    owner. All are told.

    Raises DomainError 404 `not_found`, 403 `missing_right`, 409 `not_open`, `task_force_sits`.
    """
    visible_incident(number, by)
    _may_work(by)
    with transaction.atomic():
        incident = lock_incident(number)
        if not incident.is_open:
            raise Conflict("not_open", f"{incident.key} is {incident.get_state_display().lower()}.")
        if TaskForce.objects.filter(incident=incident).exists():
            raise Conflict("task_force_sits", "It has a task force already.")
        rule = rule_for(incident)
        kept = {name: getattr(rule, name) for name in MEETING_FIELDS} if rule else {}
        force = TaskForce.objects.create(
            incident=incident, rule=rule, formed_at=at, formed_by=by, **kept
        )
        people = {by.pk: by}
        if incident.commander is not None:
            people[incident.commander.pk] = incident.commander
        if rule is not None and rule.team is not None:
            serving = Membership.objects.current(at).filter(team=rule.team, user__is_active=True)
            people |= {each.user_id: each.user for each in serving.select_related("user")}
        seated = [each for each in people.values() if _may_see(each, incident)][:MOST_MEMBERS]
        TaskForceMember.objects.bulk_create(
            TaskForceMember(task_force=force, user=each, joined_at=at) for each in seated
        )
        recorder = Recorder(at)
        by_rule = f" by {where_from(rule)}: {rule.name}" if rule else ""
        said = f"Formed a task force of {len(seated)}{by_rule}."
        recorder.event(incident, "task_force", said, by=by)
        for person in seated:
            _tell(force, incident, person, recorder, by)
        finish(incident, recorder, before=incident.state)
    return force


def change_task_force(
    number: int, given: Mapping[str, Any], *, by: User, at: datetime
) -> TaskForce:
    """`given`: any of MEETING_FIELDS, and `add`, a username to seat.

    Raises DomainError 404 `not_found`, 403 `missing_right`, 400 `bad_link`, `bad_meeting`,
    `bad_zone`, `unknown_person`, `may_not_see`, 409 `ended`.
    """
    visible_incident(number, by)
    _may_work(by)
    values = _checked(given)
    with transaction.atomic():
        force, incident = _locked(number)
        for name, value in values.items():
            setattr(force, name, value)
        force.save()
        recorder, said = Recorder(at), "Changed where and when the task force meets."
        if given.get("add"):
            person = person_named(str(given["add"]), "add", incident)
            _, is_new = TaskForceMember.objects.get_or_create(
                task_force=force, user=person, defaults={"joined_at": at}
            )
            said = f"{person} joined the task force."
            if is_new:
                _tell(force, incident, person, recorder, by)
        recorder.event(incident, "task_force_changed", said, by=by)
        finish(incident, recorder, before=incident.state)
    return force


def end_task_force(number: int, *, by: User, at: datetime) -> TaskForce:
    """Raises DomainError 404 `not_found`, 403 `missing_right`, 409 `ended`."""
    visible_incident(number, by)
    _may_work(by)
    with transaction.atomic():
        force, incident = _locked(number)
        force.ended_at, force.ended_by = at, by
        force.save()
        recorder = Recorder(at)
        recorder.event(incident, "task_force_changed", "The task force has ended.", by=by)
        finish(incident, recorder, before=incident.state)
    return force


def _may_work(by: User) -> None:
    if "respond_incident" not in rights_of(by):
        raise NotAllowed("missing_right", "Only who works incidents forms a task force.")


def _may_see(person: User, incident: Incident) -> bool:
    return Incident.objects.visible_to(person).filter(pk=incident.pk).exists()


def _locked(number: int) -> tuple[TaskForce, Incident]:
    incident = lock_incident(number)
    force = TaskForce.objects.select_for_update(of=("self",)).filter(incident=incident).first()
    if force is None:
        raise DomainError("not_found", f"{incident.key} has no task force.", status=404)
    if force.ended_at is not None:
        raise Conflict("ended", "The task force has ended.")
    return force, incident


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, read in (("channel_url", web_link), ("bridge_url", call_link)):
        if name in given:
            text = str(given[name] or "").strip()
            link = read(text) if text else ""
            if link is None or len(link) > 500:
                words = "https://, http://" + (" or a number" if name == "bridge_url" else "")
                raise field_error(name, "bad_link", f"Use {words}.")
            values[name] = link
    if "meeting" in given:
        values |= _meeting(given)
    return values


def _meeting(given: Mapping[str, Any]) -> dict[str, Any]:
    meeting, every = str(given["meeting"] or ""), given.get("meeting_every_h")
    daily, zone = given.get("meeting_at"), str(given.get("meeting_zone") or "UTC")
    if meeting not in Meeting.values:
        raise field_error("meeting", "bad_meeting", "A meeting is every so many hours, or daily.")
    if meeting == Meeting.EVERY and not (isinstance(every, int) and 1 <= every <= 168):
        raise field_error("meeting_every_h", "bad_meeting", "Every 1 to 168 hours.")
    if meeting == Meeting.DAILY and not isinstance(daily, time):
        raise field_error("meeting_at", "bad_meeting", "Say at what time, such as 09:30.")
    try:
        validate_zone(zone)
    except ValidationError as error:
        raise field_error("meeting_zone", "bad_zone", "There is no such time zone.") from error
    return {
        "meeting": meeting,
        "meeting_every_h": every if meeting == Meeting.EVERY else None,
        "meeting_at": daily if meeting == Meeting.DAILY else None,
        "meeting_zone": zone,
    }


def _tell(force: TaskForce, incident: Incident, person: User, recorder: Recorder, by: User) -> None:
    if person.pk == by.pk:
        return
    where = [f"Bridge: {force.bridge_url}"] if force.bridge_url else []
    where += [f"Channel: {force.channel_url}"] if force.channel_url else []
    recorder.notice(
        incident,
        person,
        NoticeKind.NEWS,
        key=f"task-force:{force.pk}",
        headline="You sit in its task force",
        why=f"{by} formed it.",
        lines=tuple(where),
    )
