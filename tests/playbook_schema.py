"""A row for each constraint of playbooks and their links, breaking it and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models

from escalations import models as m
from playbooks.models import (
    MessageTemplate,
    Playbook,
    PlaybookRun,
    PlaybookStep,
    PlaybookVersion,
    StepRun,
)


def copy_of(row: models.Model, **changes: Any) -> models.Model:
    values = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
    values.pop(row._meta.pk.attname)
    return type(row)(**{**values, **changes})


def version() -> PlaybookVersion:
    return PlaybookVersion.objects.get(playbook__code="payment-outage")


def run_of(w: dict[str, Any], **changes: Any) -> PlaybookRun:
    """A run that is on, unless told otherwise."""
    values = {
        "version": version(),
        "state": "running",
        "requested_at": w["at"],
        "requested_by": w["company"]["agent"],
        "started_at": w["at"],
        "due_at": w["at"],
    }
    return PlaybookRun(**{**values, **changes})


def step_of(w: dict[str, Any], **changes: Any) -> StepRun:
    """A waiting step of a stored run, unless told otherwise."""
    run = run_of(w)
    run.save()
    return StepRun(
        **{"run": run, "step": version().steps.first(), "position": 1, **changes},
    )


def active(w: dict[str, Any]) -> dict[str, Any]:
    return {"state": "active", "started_at": w["at"], "due_at": w["at"] + timedelta(minutes=5)}


def second_active(w: dict[str, Any]) -> StepRun:
    first = step_of(w, **active(w))
    first.save()
    return copy_of(first, position=2)


def stored(row: models.Model) -> models.Model:
    row.save()
    return row


PLAYBOOK_BREAKERS = {
    "playbook_kind": lambda w: Playbook(code="z", name="Z", kind="odd"),
    "playbook_version_number": lambda w: copy_of(version(), state="draft"),
    "playbook_version_state": lambda w: copy_of(version(), number=9, state="odd"),
    "playbook_version_one_in_force": lambda w: copy_of(version(), number=9),
    "playbook_version_in_force_is_sealed": lambda w: PlaybookVersion(
        playbook=Playbook.objects.create(code="z", name="Z", kind="incident"),
        number=1,
        state="in_force",
        effective_from=w["at"],
    ),
    "playbook_step_position": lambda w: copy_of(version().steps.first()),
    "playbook_step_role": lambda w: copy_of(
        version().steps.first(), position=9, owner_role="wizard"
    ),
    "playbook_step_first": lambda w: copy_of(version().steps.first(), position=0),
    "playbook_step_timebox": lambda w: PlaybookStep(
        version=version(), position=9, title="Z", timebox_s=59
    ),
    "playbook_run_state": lambda w: run_of(w, state="odd", ended_at=w["at"]),
    "playbook_run_outcome": lambda w: run_of(w, outcome="worked"),
    "playbook_run_second_person": lambda w: run_of(
        w, approved_at=w["at"], approved_by=w["company"]["agent"]
    ),
    "playbook_run_approved": lambda w: run_of(w, needs_approval=True),
    "playbook_run_started": lambda w: run_of(w, started_at=None),
    "playbook_run_ended": lambda w: run_of(w, ended_at=w["at"]),
    "playbookrun_approved_at_with_approved_by": lambda w: run_of(w, approved_at=w["at"]),
    "step_run_position": lambda w: copy_of(stored(step_of(w))),
    "step_run_state": lambda w: step_of(w, state="odd", done_at=w["at"]),
    "step_run_one_active": second_active,
    "step_run_started": lambda w: step_of(w, state="active"),
    "step_run_alarm": lambda w: step_of(w, alarm_at=w["at"]),
    "step_run_settled": lambda w: step_of(w, state="done"),
    "step_run_approved": lambda w: step_of(
        w,
        state="done",
        done_at=w["at"],
        approval_requested_at=w["at"],
        approval_requested_by=w["company"]["agent"],
    ),
    "step_run_second_person": lambda w: step_of(
        w,
        **active(w),
        approval_requested_at=w["at"],
        approval_requested_by=w["company"]["agent"],
        approved_at=w["at"],
        approved_by=w["company"]["agent"],
    ),
    "steprun_approval_requested_at_with_approval_requested_by": lambda w: step_of(
        w, **active(w), approval_requested_at=w["at"]
    ),
    "steprun_approved_at_with_approved_by": lambda w: step_of(
        w,
        **active(w),
        approval_requested_at=w["at"],
        approval_requested_by=w["company"]["agent"],
        approved_at=w["at"],
    ),
    "message_template_code": lambda w: copy_of(MessageTemplate.objects.first()),
    "message_template_channel": lambda w: MessageTemplate(code="z", channel="fax", name="Z"),
    "message_template_language": lambda w: MessageTemplate(
        code="z", channel="chat", name="Z", language="EN"
    ),
    "message_template_subject": lambda w: MessageTemplate(
        code="z", channel="chat", name="Z", subject="s"
    ),
    "playbook_trigger_position": lambda w: copy_of(m.PlaybookTrigger.objects.first()),
    "playbook_trigger_says_something": lambda w: m.PlaybookTrigger(
        playbook=version().playbook, position=99
    ),
    "playbook_trigger_words": lambda w: m.PlaybookTrigger(
        playbook=version().playbook, position=99, tier="gold"
    ),
    "playbook_trigger_severity": lambda w: m.PlaybookTrigger(
        playbook=version().playbook, position=99, severity_at_least=5
    ),
}
