"""Who does what until when on an incident."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from accounts.selectors.people import rights_of
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from escalations.models import Incident, Milestone, Workstream
from escalations.models.milestones import Stage
from escalations.models.notices import NoticeKind
from escalations.selectors.incidents import visible_incident
from escalations.services.locks import lock_incident
from escalations.services.moves import finish
from escalations.services.recorder import Recorder
from escalations.services.review_text import person_named

REMIND_EVERY = timedelta(days=1)
MOST_REMINDERS = 3
LATEST = timedelta(days=366)
MOST = 100  # of one incident


def add_workstream(number: int, *, name: str, owner: str, by: User, at: datetime) -> Workstream:
    """Raises DomainError 404 `not_found`, 403 `missing_right`, 400 `no_name`, `unknown_person`,
    `may_not_see`, 409 `workstream_runs`, `not_open`, `too_many`."""
    visible_incident(number, by)
    _may_work(by)
    name = name.strip()[:120]
    if not name:
        raise field_error("name", "no_name", "Name the workstream.")
    with transaction.atomic():
        incident = _open(number)
        person = person_named(owner, "owner", incident)
        streams = Workstream.objects.filter(incident=incident)
        if streams.filter(name=name, ended_at=None).exists():
            raise Conflict("workstream_runs", "A workstream of this name runs already.")
        if streams.count() >= MOST:
            raise Conflict("too_many", f"An incident has {MOST} workstreams at most.")
        row = Workstream.objects.create(
            incident=incident, name=name, owner=person, begun_at=at, begun_by=by
        )
        recorder = Recorder(at)
        recorder.event(incident, "workstream", f"{person} leads {name}.", by=by)
        _tell_owner(incident, person, recorder, by, f"workstream:{row.pk}", f"You lead {name}")
        finish(incident, recorder, before=incident.state)
    return row


def end_workstream(pk: int, *, by: User, at: datetime) -> Workstream:
    """Its open milestones stay. Raises DomainError 404 `not_found`, 403, 409 `ended`."""
    _may_work(by)
    number = _number_of(Workstream, pk, by)
    with transaction.atomic():
        incident = lock_incident(number)
        row = Workstream.objects.select_for_update(of=("self",)).get(pk=pk)
        if row.ended_at is not None:
            raise Conflict("ended", "It has ended.")
        row.ended_at, row.ended_by = at, by
        row.save()
        recorder = Recorder(at)
        recorder.event(incident, "workstream_ended", f"{row.name} has ended.", by=by)
        finish(incident, recorder, before=incident.state)
    return row


def add_milestone(
    number: int,
    *,
    title: str,
    owner: str,
    due_at: datetime,
    stage: str = "",
    workstream: int | None = None,
    by: User,
    at: datetime,
) -> Milestone:
    """With a stage its owner is the one who answers for that stage.

    Raises DomainError 404 `not_found`, 403 `missing_right`, 400 `no_title`, `unknown_stage`,
    `unknown_workstream`, `bad_due`, `unknown_person`, `may_not_see`, 409 `stage_taken`,
    `not_open`, `too_many`.
    """
    visible_incident(number, by)
    _may_work(by)
    title = title.strip()[:200]
    if not title:
        raise field_error("title", "no_title", "Say what will be done.")
    if stage not in Stage.values:
        raise field_error("stage", "unknown_stage", f"Use {', '.join(Stage.values[1:])}, or none.")
    _check_due(due_at, at)
    with transaction.atomic():
        incident = _open(number)
        person = person_named(owner, "owner", incident)
        there = Milestone.objects.filter(incident=incident)
        if there.count() >= MOST:
            raise Conflict("too_many", f"An incident has {MOST} milestones at most.")
        if stage and (taken := there.open().filter(stage=stage).select_related("owner").first()):
            raise Conflict(
                "stage_taken", f"{taken.owner} answers for this stage: finish or drop that first."
            )
        stream = None
        if workstream is not None:
            stream = incident.workstreams.filter(pk=workstream, ended_at=None).first()
            if stream is None:
                raise field_error("workstream", "unknown_workstream", "No such workstream runs.")
        row = Milestone.objects.create(
            incident=incident,
            workstream=stream,
            stage=stage,
            title=title,
            owner=person,
            due_at=due_at,
            first_due_at=due_at,
            remind_at=due_at,
            made_at=at,
            made_by=by,
        )
        recorder = Recorder(at)
        said = f"{person} will: {title}."
        recorder.event(incident, "milestone", said, by=by, detail=_due_detail(row))
        headline = f"You are asked to: {title}"
        _tell_owner(incident, person, recorder, by, f"milestone:{row.pk}", headline)
        finish(incident, recorder, before=incident.state)
    return row


def finish_milestone(pk: int, *, by: User, at: datetime) -> Milestone:
    """Raises DomainError 404 `not_found`, 403 `missing_right`, 409 `ended`."""
    with transaction.atomic():
        row, incident = _locked(pk, by)
        row.done_at, row.done_by, row.remind_at = at, by, None
        row.save()
        late = " late" if at > row.due_at else ""
        recorder = Recorder(at)
        recorder.event(incident, "milestone_done", f"Done{late}: {row.title}.", by=by)
        finish(incident, recorder, before=incident.state)
    return row


def move_milestone(pk: int, *, due_at: datetime, reason: str, by: User, at: datetime) -> Milestone:
    """The first promise is kept beside the new date. Raises DomainError 404 `not_found`, 403
    `missing_right`, 400 `no_reason`, `bad_due`, 409 `ended`."""
    reason = _reasoned(reason)
    _check_due(due_at, at)
    with transaction.atomic():
        row, incident = _locked(pk, by)
        row.due_at = row.remind_at = due_at
        row.reminded, row.reason = 0, reason
        row.save()
        recorder = Recorder(at)
        said = f"Moved: {row.title}."
        detail = _due_detail(row)
        recorder.event(incident, "milestone_moved", said, by=by, reason=reason, detail=detail)
        finish(incident, recorder, before=incident.state)
    return row


def drop_milestone(pk: int, *, reason: str, by: User, at: datetime) -> Milestone:
    """Raises DomainError 404 `not_found`, 403 `missing_right`, 400 `no_reason`, 409 `ended`."""
    reason = _reasoned(reason)
    with transaction.atomic():
        row, incident = _locked(pk, by)
        row.dropped_at, row.dropped_by, row.remind_at, row.reason = at, by, None, reason
        row.save()
        recorder = Recorder(at)
        said = f"Dropped: {row.title}."
        recorder.event(incident, "milestone_dropped", said, by=by, reason=reason)
        finish(incident, recorder, before=incident.state)
    return row


def settle_milestone(pk: int, at: datetime) -> bool:
    """The sweep's verb: overdue. Its owner and the incident's are told, three times at most."""
    number = Milestone.objects.values_list("incident_id", flat=True).get(pk=pk)
    incident = lock_incident(number)
    rows = Milestone.objects.select_for_update(of=("self",)).select_related("owner")
    row = rows.get(pk=pk)
    if row.remind_at is None or row.remind_at > at:
        return False
    if not incident.is_open:
        row.remind_at = None
        row.save()
        return True
    due = row.remind_at
    row.reminded += 1
    row.remind_at = due + REMIND_EVERY if row.reminded < MOST_REMINDERS else None
    if row.remind_at is not None and row.remind_at <= at:
        row.remind_at = at + REMIND_EVERY  # nobody looked for a day: one reminder, not several
    row.save()
    recorder, said = Recorder(at), f"Overdue: {row.title}. {row.owner} answers for it."
    recorder.event(incident, "milestone_late", said, at=due)
    told = {row.owner_id: (row.owner, "you answer for it.")}
    if incident.commander is not None:
        told.setdefault(incident.commander.pk, (incident.commander, "you own the incident."))
    for person, why in told.values():
        recorder.notice(
            incident,
            person,
            NoticeKind.WARNING,
            key=f"milestone:{row.pk}:{row.due_at:%Y%m%d%H%M}:{row.reminded}",
            headline=f"Overdue: {row.title}",
            why=why,
            lines=("Finish it, move its date, or drop it with a reason.",),
        )
    finish(incident, recorder, before=incident.state)
    return True


def _may_work(by: User) -> None:
    if "respond_incident" not in rights_of(by):
        raise NotAllowed("missing_right", "Only who works incidents plans the work on them.")


def _reasoned(reason: str) -> str:
    reason = reason.strip()[:300]
    if not reason:
        raise field_error("reason", "no_reason", "Say why.")
    return reason


def _check_due(due_at: datetime, at: datetime) -> None:
    if not at < due_at <= at + LATEST:
        raise field_error("due_at", "bad_due", "It is due later than now, within a year.")


def _open(number: int) -> Incident:
    incident = lock_incident(number)
    if not incident.is_open:
        raise Conflict("not_open", f"{incident.key} is {incident.get_state_display().lower()}.")
    return incident


def _number_of(model: type[Milestone] | type[Workstream], pk: int, by: User) -> int:
    seen = model._default_manager.filter(incident__in=Incident.objects.visible_to(by), pk=pk)
    number = seen.values_list("incident", flat=True).first()
    if number is None:
        raise DomainError("not_found", "There is no such thing here.", status=404)
    return number


def _locked(pk: int, by: User) -> tuple[Milestone, Incident]:
    number = _number_of(Milestone, pk, by)
    _may_work(by)
    incident = lock_incident(number)
    row = Milestone.objects.select_for_update(of=("self",)).get(pk=pk)
    if not row.is_open:
        raise Conflict("ended", "It is done or dropped already.")
    return row, incident


def _due_detail(row: Milestone) -> dict[str, str]:
    return {"due": f"{row.due_at:%d %b %Y %H:%M} UTC"}


def _tell_owner(
    incident: Incident, person: User, recorder: Recorder, by: User, key: str, headline: str
) -> None:
    if person.pk != by.pk:
        recorder.notice(
            incident,
            person,
            NoticeKind.NEWS,
            key=key,
            headline=headline,
            why=f"{by} named you.",
        )
