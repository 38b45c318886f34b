"""Running playbooks: on an incident, with its lock, timeline and notices, or without one.

Order of locks: the incident, then the run. Everything a reader may not see is 404.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from config.lib.errors import Conflict, DomainError
from escalations.models import Incident, IncidentPlaybook, KpiState
from escalations.rules.lifecycle import OPEN_STATES
from escalations.rules.playbooks import needs_second_person, not_verified
from escalations.selectors.playbook_runs import visible_runs
from escalations.selectors.playbooks import proposals
from escalations.services import playbook_runs as stories
from escalations.services.locks import lock_incident
from escalations.services.moves import finish, lock
from escalations.services.recorder import Recorder
from playbooks.models import PlaybookRun, PlaybookVersion, StepRun
from playbooks.models.runs import OPEN_RUNS, Outcome, RunState
from playbooks.services import runs
from playbooks.services.rights import RUN, VIEW, require


def start(
    code: str, chosen: Mapping[str, str], *, by: User, at: datetime, incident: int | None = None
) -> PlaybookRun:
    """Run the version in force of a playbook, on incident number `incident` or on none.

    Raises 404 `not_found`; 409 `not_in_force`, `incident_over`, `playbook_running`,
    `not_verified`, and what `playbooks.services.runs.start_run` raises.
    """
    require(by, RUN)
    with transaction.atomic():
        if incident is None:
            run = runs.start_run(_in_force(code), chosen, by=by, at=at)
            _ask(run, None, recorder := Recorder(at))
            recorder.write()
            return run
        return _start_on(lock(incident, by), code, chosen, by, at)


def _start_on(
    incident: Incident, code: str, chosen: Mapping[str, str], by: User, at: datetime
) -> PlaybookRun:
    version = _in_force(code)
    _refuse_if_untimely(incident, version)
    is_kpi = incident.kpi_id is not None
    second = needs_second_person(kind=version.playbook.kind, is_kpi=is_kpi)
    run = runs.start_run(version, chosen, by=by, at=at, with_approval=second)
    fitting = (each for each in proposals(incident) if each.code == code)
    proposed = next(fitting, None)
    IncidentPlaybook.objects.create(
        incident=incident,
        run=run,
        why=proposed.why if proposed else "",
        started_at=at,
        started_by=by,
    )
    recorder, before = Recorder(at), incident.state
    waits = run.state == RunState.WAITING_APPROVAL
    recorder.event(
        incident,
        "playbook_started",
        f"Playbook {version.playbook} {version} "
        + ("is asked for; a second person approves it." if waits else "started."),
        by=by,
        reason=run.hypothesis,
        detail={
            "run": run.pk,
            "why": proposed.why if proposed else "",
            "success_criterion": run.success_criterion,
            "rollback": run.rollback,
        },
    )
    _ask(run, incident, recorder)
    finish(incident, recorder, before=before)
    return run


def _ask(run: PlaybookRun, incident: Incident | None, recorder: Recorder) -> None:
    if run.state == RunState.WAITING_APPROVAL:
        stories.ask_for_run(run, incident, recorder)
    else:
        stories.ask_for_step(run, incident, recorder)


def _in_force(code: str) -> PlaybookVersion:
    found = PlaybookVersion.objects.select_related("playbook").filter(playbook__code=code)
    version = found.filter(state="in_force").first()
    if version is not None:
        return version
    if found.exists():
        raise Conflict("not_in_force", f"No version of {code} is in force.")
    raise DomainError("not_found", f"There is no playbook {code} to run.", status=404)


def _refuse_if_untimely(incident: Incident, version: PlaybookVersion) -> None:
    if incident.state not in OPEN_STATES:
        raise Conflict("incident_over", f"{incident.key} is {incident.state}: nothing runs on it.")
    if IncidentPlaybook.objects.filter(incident=incident, run__state__in=OPEN_RUNS).exists():
        raise Conflict("playbook_running", f"A playbook runs on {incident.key} already.")
    sentence = not_verified(
        kind=version.playbook.kind,
        is_kpi=incident.kpi_id is not None,
        verification=incident.verification,
        kpi_state=kpi_state_of(incident),
    )
    if sentence:
        raise Conflict("not_verified", sentence)


def kpi_state_of(incident: Incident) -> str:
    if incident.kpi_id is None:
        return ""
    states = KpiState.objects.filter(kpi=incident.kpi_id, segment=incident.segment)
    return states.values_list("state", flat=True).first() or ""


@dataclass
class Story:
    """What one change of a run says. `run` is read again after the change."""

    pk: int
    incident: Incident | None
    recorder: Recorder
    by: User
    before: str = ""
    run: PlaybookRun = field(init=False)

    def tell(self, kind: str, sentence: str, *, reason: str = "", **detail: Any) -> None:
        if self.incident is not None:
            self.recorder.event(
                self.incident,
                kind,
                sentence,
                by=self.by,
                reason=reason,
                detail={"run": self.pk, **detail},
            )


@contextmanager
def _change(pk: int, by: User, at: datetime) -> Iterator[Story]:
    """The incident under lock, then what the block does, then its timeline and version."""
    require(by, VIEW)
    with transaction.atomic():
        if not visible_runs(by).filter(pk=pk).exists():
            raise DomainError("not_found", f"There is no run {pk}.", status=404)
        link = IncidentPlaybook.objects.filter(run=pk).first()
        incident = lock_incident(link.incident_id) if link else None
        story = Story(pk, incident, Recorder(at), by, incident.state if incident else "")
        yield story
        story.run = PlaybookRun.objects.select_related(
            "version__playbook__owner", "requested_by"
        ).get(pk=pk)
        if story.run.state == RunState.RUNNING:
            stories.ask_for_step(story.run, incident, story.recorder)
        if incident is not None:
            finish(incident, story.recorder, before=story.before)
        else:
            story.recorder.write()


def approve_run(pk: int, *, by: User, at: datetime) -> PlaybookRun:
    with _change(pk, by, at) as story:
        run = runs.approve_run(pk, by=by, at=at)
        story.tell("playbook_approved", f"Playbook {run.version.playbook} approved: it runs now.")
    return story.run


def approve_step(pk: int, position: int, *, by: User, at: datetime) -> PlaybookRun:
    with _change(pk, by, at) as story:
        step = runs.approve_step(pk, position, by=by, at=at)
        _step(story, step, "playbook_approved", "approved")
    return story.run


def finish_step(pk: int, position: int, *, by: User, at: datetime, note: str = "") -> PlaybookRun:
    with _change(pk, by, at) as story:
        step = runs.finish_step(pk, position, by=by, at=at, note=note)
        _step(story, step, "playbook_step", "done", note)
    return story.run


def skip_step(pk: int, position: int, *, by: User, at: datetime, reason: str) -> PlaybookRun:
    with _change(pk, by, at) as story:
        step = runs.skip_step(pk, position, by=by, at=at, reason=reason)
        _step(story, step, "playbook_skipped", "skipped", step.note)
    return story.run


def _step(story: Story, step: StepRun, kind: str, word: str, note: str = "") -> None:
    sentence = f"Playbook step {step.position} {word}: {step.step.title}"
    story.tell(kind, sentence, reason=note, position=step.position)


def stop_run(pk: int, *, by: User, at: datetime, reason: str) -> PlaybookRun:
    with _change(pk, by, at) as story:
        run = runs.stop_run(pk, by=by, at=at, reason=reason)
        story.tell(
            "playbook_stopped",
            f"Playbook {run.version.playbook} stopped.",
            reason=run.outcome_note,
        )
    return story.run


def finish_run(
    pk: int, outcome: Outcome | str, *, by: User, at: datetime, note: str = ""
) -> PlaybookRun:
    with _change(pk, by, at) as story:
        run = runs.finish_run(pk, outcome, by=by, at=at, note=note)
        ended = run.get_outcome_display().lower()
        sentence = f"Playbook {run.version.playbook} ended: {ended}."
        story.tell("playbook_ended", sentence, reason=note, outcome=run.outcome)
    return story.run


def settle_time_box(pk: int, at: datetime) -> bool:
    """A step's time box passed: somebody is told once. Safe when late or run twice."""
    run_pk = StepRun.objects.values_list("run_id", flat=True).get(pk=pk)
    link = IncidentPlaybook.objects.filter(run=run_pk).first()
    incident = lock_incident(link.incident_id) if link else None
    run = runs.lock_run(run_pk)
    step = StepRun.objects.select_related("step").get(pk=pk)
    if step.alarm_at is None or step.alarm_at > at:
        return False
    step.alarm_at = None
    step.save(update_fields=["alarm_at"])
    recorder = Recorder(at)
    stories.tell_time_box_passed(step, run, incident, recorder)
    if incident is not None:
        finish(incident, recorder, before=incident.state)
    else:
        recorder.write()
    return True
