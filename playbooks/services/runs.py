"""Running a playbook: one step is active at a time, in order, each within its time box.

Everything here locks the run first and looks again. Who asked never approves: the run's requester
asks for the run, and whoever brings a run to a step asks for that step.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from config.lib.versions import VersionState
from playbooks.models import PlaybookRun, PlaybookVersion, StepRun
from playbooks.models.playbooks import PlaybookKind
from playbooks.models.runs import Outcome, RunState, StepState
from playbooks.services.rights import APPROVE, RUN, require

CHOSEN = ("hypothesis", "success_criterion", "rollback")
# The run may end with one of these before its last step.
CUT_SHORT = frozenset({Outcome.NO_EFFECT, Outcome.ROLLED_BACK})


@transaction.atomic
def start_run(
    version: PlaybookVersion,
    chosen: Mapping[str, str],
    *,
    by: User,
    at: datetime,
    with_approval: bool = False,
) -> PlaybookRun:
    """Ask for a run; it starts at once unless the version or `with_approval` wants a second person.

    `chosen` holds what this run claims, where it differs from the version. Raises 409
    `not_in_force`, 400 with every missing field of a remediation.
    """
    require(by, RUN)
    playbook = version.playbook
    if version.state != VersionState.IN_FORCE or not playbook.is_active:
        raise Conflict("not_in_force", f"{playbook} {version} is not in force.")
    texts = {name: (chosen.get(name) or getattr(version, name)).strip() for name in CHOSEN}
    if playbook.kind == PlaybookKind.REMEDIATION and not all(texts.values()):
        lacks = [name for name in CHOSEN if not texts[name]]
        detail = "A remediation says what it believes, what shows success and how to undo it."
        raise DomainError(
            f"{lacks[0]}_missing",
            detail,
            errors=[{"field": n, "code": f"{n}_missing", "detail": "Say it."} for n in lacks],
        )
    run = PlaybookRun(
        version=version,
        state=RunState.WAITING_APPROVAL,
        requested_at=at,
        requested_by=by,
        needs_approval=version.needs_approval or with_approval,
        **texts,
    )
    steps = list(version.steps.all())
    if run.needs_approval:
        run.save()
        _make_steps(run, steps)
        return run
    run.state, run.started_at = RunState.RUNNING, at
    run.due_at = at + timedelta(seconds=sum(step.timebox_s for step in steps))
    run.save()
    _make_steps(run, steps)
    _activate_next(run, by=by, at=at)
    return run


def _make_steps(run: PlaybookRun, steps: list) -> None:
    StepRun.objects.bulk_create(
        StepRun(run=run, step=step, position=step.position) for step in steps
    )


@transaction.atomic
def approve_run(pk: int, *, by: User, at: datetime) -> PlaybookRun:
    """A second person lets it start. Raises 403 `own_request`, 409 `not_waiting`."""
    require(by, APPROVE)
    run = lock_run(pk)
    if run.state != RunState.WAITING_APPROVAL:
        raise Conflict("not_waiting", "This run waits for no approval.", state=run.state)
    if run.requested_by_id == by.pk:
        raise NotAllowed("own_request", "You asked for this run: a second person approves it.")
    boxes = run.steps.values_list("step__timebox_s", flat=True)
    run.approved_at, run.approved_by = at, by
    run.state, run.started_at = RunState.RUNNING, at
    run.due_at = at + timedelta(seconds=sum(boxes))
    run.save()
    _activate_next(run, by=run.requested_by, at=at)
    return run


@transaction.atomic
def approve_step(pk: int, position: int, *, by: User, at: datetime) -> StepRun:
    """A second person lets the active step be done. Raises 403 `own_request`."""
    require(by, APPROVE)
    step = _active(lock_run(pk), position)
    if step.approval_requested_at is None or step.approved_at is not None:
        raise Conflict("not_waiting", f"Step {position} waits for no approval.")
    if step.approval_requested_by_id == by.pk:
        raise NotAllowed("own_request", "You asked for this step: a second person approves it.")
    step.approved_at, step.approved_by = at, by
    step.save()
    return step


@transaction.atomic
def finish_step(pk: int, position: int, *, by: User, at: datetime, note: str = "") -> StepRun:
    """Raises 409 `not_active`, `not_approved`."""
    require(by, RUN)
    run = lock_run(pk)
    step = _active(run, position)
    if step.approval_requested_at is not None and step.approved_at is None:
        raise Conflict("not_approved", f"Step {position} is done once a second person approved it.")
    return _settle(run, step, StepState.DONE, by=by, at=at, note=note)


@transaction.atomic
def skip_step(pk: int, position: int, *, by: User, at: datetime, reason: str) -> StepRun:
    """Go on without it. Raises 400 `reason_missing`, 409 `not_active`."""
    require(by, RUN)
    run = lock_run(pk)
    step = _active(run, position)
    return _settle(run, step, StepState.SKIPPED, by=by, at=at, note=_reason(reason))


@transaction.atomic
def stop_run(pk: int, *, by: User | None, at: datetime, reason: str) -> PlaybookRun:
    """End it without an outcome. `by` None: the machine, when what it was for is over."""
    if by is not None:
        require(by, RUN)
    reason = _reason(reason)
    run = lock_run(pk)
    if not run.is_open:
        raise _ended(run)
    return _end(run, RunState.STOPPED, by=by, at=at, note=reason)


@transaction.atomic
def finish_run(
    pk: int, outcome: Outcome | str, *, by: User, at: datetime, note: str = ""
) -> PlaybookRun:
    """Say how it ended. No effect and rolled back may come before the last step; else every step
    is done or skipped first: 409 `steps_open`."""
    require(by, RUN)
    if outcome not in Outcome.values:
        known = ", ".join(Outcome.values)
        raise field_error("outcome", "unknown_outcome", f"An outcome is one of {known}.")
    run = lock_run(pk)
    if run.state != RunState.RUNNING:
        raise _ended(run)
    left = run.steps.filter(state__in=(StepState.WAITING, StepState.ACTIVE)).count()
    if left and outcome not in CUT_SHORT:
        raise Conflict(
            "steps_open", f"{left} steps are open: finish or skip them, or say it had no effect."
        )
    return _end(run, RunState.DONE, by=by, at=at, note=note, outcome=str(outcome))


def lock_run(pk: int) -> PlaybookRun:
    """Raises 404 `not_found`."""
    found = PlaybookRun.objects.select_for_update().filter(pk=pk).only("pk").first()
    if found is None:
        raise DomainError("not_found", f"There is no run {pk}.", status=404)
    return PlaybookRun.objects.select_related("version__playbook", "requested_by").get(pk=pk)


def _active(run: PlaybookRun, position: int) -> StepRun:
    if run.state != RunState.RUNNING:
        raise _ended(run)
    steps = run.steps.select_related("step")
    step = steps.filter(position=position).first()
    if step is None:
        raise DomainError("not_found", f"This run has no step {position}.", status=404)
    if step.state != StepState.ACTIVE:
        now = steps.filter(state=StepState.ACTIVE).first()
        where = f"Step {now.position} is on now." if now else "No step is on any more."
        raise Conflict("not_active", f"Step {position} is not on now. {where}")
    return step


def _settle(
    run: PlaybookRun, step: StepRun, state: StepState, *, by: User, at: datetime, note: str
) -> StepRun:
    step.state, step.done_at, step.done_by, step.note = state, at, by, note
    step.alarm_at = None
    step.save()
    _activate_next(run, by=by, at=at)
    return step


def _activate_next(run: PlaybookRun, *, by: User, at: datetime) -> None:
    waiting = run.steps.select_related("step").filter(state=StepState.WAITING)
    following = waiting.order_by("position").first()
    if following is None:
        return
    following.state = StepState.ACTIVE
    following.started_at = at
    following.due_at = following.alarm_at = at + timedelta(seconds=following.step.timebox_s)
    if following.step.needs_approval:
        following.approval_requested_at, following.approval_requested_by = at, by
    following.save()


def _end(
    run: PlaybookRun,
    state: RunState,
    *,
    by: User | None,
    at: datetime,
    note: str,
    outcome: str = "",
) -> PlaybookRun:
    run.steps.filter(state__in=(StepState.WAITING, StepState.ACTIVE)).update(
        state=StepState.SKIPPED,
        done_at=at,
        done_by=by,
        alarm_at=None,
        note="The run ended before this step was done.",
    )
    run.state, run.ended_at, run.ended_by = state, at, by
    run.outcome, run.outcome_note = outcome, note
    run.save()
    return run


def _ended(run: PlaybookRun) -> Conflict:
    if run.state == RunState.WAITING_APPROVAL:
        return Conflict("not_approved", "This run waits for its approval.", state=run.state)
    return Conflict("run_ended", "This run has ended.", state=run.state)


def _reason(reason: str) -> str:
    if not reason.strip():
        raise field_error("reason", "reason_missing", "Say why.")
    return reason.strip()
