"""Runs of playbooks as pages and the API show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from config.lib.errors import DomainError
from escalations.models import Incident, IncidentPlaybook
from playbooks.models import PlaybookRun, StepRun
from playbooks.models.runs import OPEN_RUNS, Outcome, RunState, StepState

RELATED = ("version__playbook__owner", "requested_by", "approved_by", "ended_by")
WARN_AT = 0.75
OF_INCIDENT = tuple(
    f"incident_playbook__incident__{name}"
    for name in ("commander", "kpi__owner", "kpi__steward", "kpi__remediation_leader")
)


def visible_runs(user: User) -> QuerySet[PlaybookRun]:
    """Runs without an incident, and those of incidents this person may see."""
    if not user.has_perm("playbooks.view_playbookrun"):
        return PlaybookRun.objects.none()
    link = IncidentPlaybook.objects.filter(run=OuterRef("pk"))
    seen = link.filter(incident__in=Incident.objects.visible_to(user))
    return PlaybookRun.objects.filter(~Exists(link) | Exists(seen))


def real_runs(user: User) -> QuerySet[PlaybookRun]:
    """Without those of drills; for lists."""
    return visible_runs(user).filter(incident_playbook__incident__drill=None)


def visible_run(pk: int, user: User) -> PlaybookRun:
    """Raises 404 `not_found`."""
    run = visible_runs(user).select_related(*RELATED, *OF_INCIDENT).filter(pk=pk).first()
    if run is None:
        raise DomainError("not_found", f"There is no run {pk}.", status=404)
    return run


def incident_of(run: PlaybookRun) -> Incident | None:
    """No query where `OF_INCIDENT` is loaded."""
    link = getattr(run, "incident_playbook", None)
    return link.incident if link else None


@dataclass(frozen=True, slots=True)
class StepView:
    """`state`: waiting, active, done or skipped; `status` as clocks have it while active."""

    position: int
    title: str
    instructions: str
    expected_outcome: str
    role: str
    person: str
    timebox_s: int
    state: str
    state_label: str
    needs_approval: bool
    started_at: datetime | None
    due_at: datetime | None
    warn_at: datetime | None
    status: str
    percent: int
    approval: str
    may_approve: bool
    may_finish: bool
    may_skip: bool
    who: str
    at: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class RunView:
    pk: int
    code: str
    name: str
    version: str
    state: str
    state_label: str
    incident: Incident | None
    why: str
    hypothesis: str
    success_criterion: str
    rollback: str
    asked_by: str
    asked_at: datetime
    approved_by: str
    approved_at: datetime | None
    started_at: datetime | None
    due_at: datetime | None
    ended_at: datetime | None
    ended_by: str
    outcome: str
    has_worked: bool
    outcome_note: str
    steps: tuple[StepView, ...]
    done: int
    is_open: bool
    may_approve: bool
    may_stop: bool
    may_finish: bool
    outcomes: tuple[tuple[str, str], ...]
    approval: str


def run_view(run: PlaybookRun, user: User, at: datetime) -> RunView:
    """`run` comes from `visible_run` or `latest_run`; two queries."""
    incident = incident_of(run)
    link = getattr(run, "incident_playbook", None)
    may_run = user.has_perm("playbooks.run_playbook")
    may_approve = user.has_perm("playbooks.approve_run")
    people = _people(run, incident)
    rows = run.steps.select_related("step", "done_by", "approved_by", "approval_requested_by")
    steps = tuple(_step(row, run, user, people, at, may_run, may_approve) for row in rows)
    waits = run.state == RunState.WAITING_APPROVAL
    is_own = run.requested_by_id == user.pk
    is_settled = all(step.state in (StepState.DONE, StepState.SKIPPED) for step in steps)
    playbook = run.version.playbook
    return RunView(
        pk=run.pk,
        code=playbook.code,
        name=playbook.name,
        version=str(run.version),
        state=run.state,
        state_label=run.get_state_display(),
        incident=incident,
        why=link.why if link else "",
        hypothesis=run.hypothesis,
        success_criterion=run.success_criterion,
        rollback=run.rollback,
        asked_by=str(run.requested_by),
        asked_at=run.requested_at,
        approved_by=str(run.approved_by) if run.approved_by else "",
        approved_at=run.approved_at,
        started_at=run.started_at,
        due_at=run.due_at,
        ended_at=run.ended_at,
        ended_by=str(run.ended_by) if run.ended_by else "Belay",
        outcome=run.get_outcome_display() if run.outcome else "",
        has_worked=run.outcome == Outcome.WORKED,
        outcome_note=run.outcome_note,
        steps=steps,
        done=sum(step.state in (StepState.DONE, StepState.SKIPPED) for step in steps),
        is_open=run.state in OPEN_RUNS,
        may_approve=waits and may_approve and not is_own,
        may_stop=run.state in OPEN_RUNS and may_run,
        may_finish=run.state == RunState.RUNNING and may_run,
        outcomes=tuple(
            (value, label)
            for value, label in Outcome.choices
            if is_settled or value in (Outcome.NO_EFFECT, Outcome.ROLLED_BACK)
        ),
        approval=_approval(waits, may_approve, is_own),
    )


def _approval(waits: bool, may_approve: bool, is_own: bool) -> str:
    if not waits:
        return ""
    if is_own:
        return "A second person approves it: you asked for it."
    return "" if may_approve else "A duty manager, KPI owner or remediation leader approves it."


def _step(
    row: StepRun,
    run: PlaybookRun,
    user: User,
    people: dict[str, str],
    at: datetime,
    may_run: bool,
    may_approve: bool,
) -> StepView:
    is_on = row.state == StepState.ACTIVE and run.state == RunState.RUNNING
    waits = is_on and row.approval_requested_at is not None and row.approved_at is None
    is_own = row.approval_requested_by_id == user.pk
    percent, status, warn_at = 0, "on_track", None
    if is_on and row.started_at and row.due_at:
        span = row.due_at - row.started_at
        warn_at = row.started_at + span * WARN_AT
        percent = int(max(0, min(100, 100 * ((at - row.started_at) / span))))
        status = "late" if at >= row.due_at else "at_risk" if at >= warn_at else "on_track"
    approval = ""
    if row.approved_by:
        approval = f"Approved by {row.approved_by}"
    elif waits:
        approval = _approval(True, may_approve, is_own) or "Waits for your approval."
    elif row.step.needs_approval and row.state in (StepState.WAITING, StepState.ACTIVE):
        approval = "A second person approves it."
    return StepView(
        position=row.position,
        title=row.step.title,
        instructions=row.step.instructions,
        expected_outcome=row.step.expected_outcome,
        role=row.step.get_owner_role_display(),
        person=people.get(row.step.owner_role, ""),
        timebox_s=row.step.timebox_s,
        state=row.state,
        state_label=row.get_state_display(),
        needs_approval=row.step.needs_approval,
        started_at=row.started_at,
        due_at=row.due_at,
        warn_at=warn_at,
        status=status,
        percent=percent,
        approval=approval,
        may_approve=waits and may_approve and not is_own,
        may_finish=is_on and may_run and not waits,
        may_skip=is_on and may_run,
        who=str(row.done_by) if row.done_by else "Belay",
        at=row.done_at,
        note=row.note,
    )


def _people(run: PlaybookRun, incident: Incident | None) -> dict[str, str]:
    """Who holds the role of a step, as far as the incident knows; one query."""
    if incident is None:
        return {}
    rows = incident.responders.filter(ended_at=None).select_related("user")
    found = {row.role: str(row.user) for row in rows}
    kpi = incident.kpi
    if kpi is not None:
        for role, person in (
            ("kpi_owner", kpi.owner),
            ("data_steward", kpi.steward),
            ("remediation_leader", kpi.remediation_leader),
        ):
            if person is not None:
                found[role] = str(person)
    return found


def latest_run(incident: Incident) -> PlaybookRun | None:
    """The run that is open, else the last one: only one is open at a time. One query for most
    incidents, which have none, and a wide one more for the others."""
    rows = PlaybookRun.objects.filter(incident_playbook__incident=incident)
    key = rows.order_by("-pk").values_list("pk", flat=True).first()
    if key is None:
        return None
    return rows.select_related(*RELATED, *OF_INCIDENT).get(pk=key)
