"""What a playbook's run says to people: on the timeline of its incident and in notices.

Below the mover: the effects of a resolve or cancel end the run through here.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import Permission
from django.db.models import Q

from accounts.models import User
from config.lib.queue import enqueue
from escalations.models import Incident, IncidentPlaybook, Notice
from escalations.models.notices import NoticeKind
from escalations.rules.playbooks import RECOVERY
from escalations.services.addressing import Ways
from escalations.services.recorder import DELIVER, Recorder
from playbooks.models import PlaybookRun, StepRun
from playbooks.models.runs import OPEN_RUNS, StepState
from playbooks.services import runs

MOST_ASKED = 20


def end_with_incident(
    incident: Incident, recorder: Recorder, *, by: User | None, reason: str, keep: str = ""
) -> None:
    """Stop what still runs for an incident that is over. `keep` names a kind that goes on."""
    links = IncidentPlaybook.objects.filter(incident=incident, run__state__in=OPEN_RUNS)
    for link in links.select_related("run__version__playbook"):
        playbook = link.run.version.playbook
        if playbook.kind == keep:
            continue
        runs.stop_run(link.run_id, by=None, at=recorder.at, reason=reason)
        recorder.event(
            incident,
            "playbook_stopped",
            f"Playbook {playbook} stopped.",
            by=by,
            reason=reason,
            detail={"run": link.run_id},
        )


def end_on_data_fault(incident: Incident, recorder: Recorder, *, by: User) -> None:
    reason = "The data is at fault: there is nothing to remedy."
    end_with_incident(incident, recorder, by=by, reason=reason, keep=RECOVERY)


def active_step(run: PlaybookRun) -> StepRun | None:
    return run.steps.select_related("step").filter(state=StepState.ACTIVE).first()


def ask_for_run(run: PlaybookRun, incident: Incident | None, recorder: Recorder) -> None:
    """Everyone who may approve is asked, those it concerns most first."""
    asked_by = run.requested_by
    _ask(
        run,
        incident,
        recorder,
        asked_by=asked_by,
        key=f"approve-run:{run.pk}",
        headline=f"Approve playbook {run.version.playbook}",
        lines=(
            f"{asked_by} asks to run it.",
            f"Believed: {run.hypothesis}",
            f"It worked if: {run.success_criterion}",
            f"To undo it: {run.rollback}",
        ),
    )


def ask_for_step(run: PlaybookRun, incident: Incident | None, recorder: Recorder) -> None:
    step = active_step(run)
    if step is None or step.approval_requested_by is None or step.approved_at is not None:
        return
    _ask(
        run,
        incident,
        recorder,
        asked_by=step.approval_requested_by,
        key=f"approve-step:{step.pk}",
        headline=f"Approve step {step.position}: {step.step.title}",
        lines=(f"{step.approval_requested_by} asks for it. {run.version.playbook}.",),
    )


def _ask(
    run: PlaybookRun,
    incident: Incident | None,
    recorder: Recorder,
    *,
    asked_by: User,
    key: str,
    headline: str,
    lines: tuple[str, ...],
) -> None:
    for person in approvers(run, incident, asked_by):
        tell(
            person,
            run,
            incident,
            recorder,
            key=key,
            headline=headline,
            lines=tuple(line for line in lines if not line.endswith(": ")),
            why="you may approve it, and somebody else asked for it.",
        )


def approvers(run: PlaybookRun, incident: Incident | None, asked_by: User) -> list[User]:
    """The KPI's owner and remediation leader and the playbook's owner, where they may approve and
    see the incident; nobody of them: everyone who may, up to `MOST_ASKED`."""
    concerned = {run.version.playbook.owner_id}
    if incident is not None and incident.kpi is not None:
        concerned |= {incident.kpi.owner_id, incident.kpi.remediation_leader_id}
    others = [pk for pk in concerned if pk is not None and pk != asked_by.pk]
    near = _who_may(incident, User.objects.filter(pk__in=others))
    if near:
        return near
    permission = Permission.objects.filter(
        content_type__app_label="playbooks", codename="approve_run"
    )
    everyone = User.objects.filter(
        Q(groups__permissions__in=permission) | Q(user_permissions__in=permission)
    )
    return _who_may(incident, everyone.exclude(pk=asked_by.pk).distinct()[:MOST_ASKED])


def _who_may(incident: Incident | None, people) -> list[User]:
    return [
        person
        for person in people
        if person.is_reachable
        and person.has_perm("playbooks.approve_run")
        and (incident is None or Incident.objects.visible_to(person).filter(pk=incident.pk))
    ]


def tell(
    person: User,
    run: PlaybookRun,
    incident: Incident | None,
    recorder: Recorder,
    *,
    key: str,
    headline: str,
    why: str,
    lines: tuple[str, ...] = (),
) -> None:
    """One notice to one person; the same key is told once."""
    link = f"Open the run: {settings.BASE_URL}/playbooks/runs/{run.pk}/"
    if incident is not None:
        recorder.notice(
            incident,
            person,
            NoticeKind.NEWS,
            key=key,
            headline=headline,
            lines=(*lines, link),
            why=why,
        )
        return
    if not person.is_reachable:
        return
    text = "\n".join((headline, *lines, "", f"Why you got this: {why}", "", link, ""))
    notice = Notice(
        key=f"run:{run.pk}:{person.pk}:{key}",
        kind=NoticeKind.NEWS,
        recipient=person,
        subject=f"[Playbook] {headline}"[:400].replace("\n", " "),
        text=text,
        created_at=recorder.at,
        not_before=recorder.at,
    )
    Notice.objects.bulk_create(Ways().address([notice]), ignore_conflicts=True)
    enqueue(DELIVER)


def tell_time_box_passed(
    step: StepRun, run: PlaybookRun, incident: Incident | None, recorder: Recorder
) -> None:
    """To the incident's owner; without one, or without an incident, to who asked for the run."""
    sentence = f"Step {step.position} of {run.version.playbook} is past its time box."
    person = run.requested_by
    if incident is not None:
        person = incident.commander or person
        recorder.event(
            incident,
            "playbook_late",
            sentence,
            at=step.due_at,
            reason=step.step.title,
            detail={"run": run.pk, "position": step.position},
        )
    tell(
        person,
        run,
        incident,
        recorder,
        key=f"time-box:{step.pk}",
        headline=f"Past its time box: step {step.position}, {step.step.title}",
        lines=(f"It was due at {_clock(step.due_at)}.",),
        why="you own the incident." if incident is not None else "you asked for this run.",
    )


def _clock(at: datetime | None) -> str:
    return f"{at:%d %b %H:%M:%S} UTC" if at else ""
