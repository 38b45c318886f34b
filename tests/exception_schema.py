"""A row for each constraint of exceptions and of pauses of automation, breaking it and nothing
else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from escalations import models as m
from tests.playbook_schema import copy_of

HOUR = timedelta(hours=1)


def pause(w: dict[str, Any], **changes: Any) -> m.AutomationPause:
    values = {
        "scope": "all",
        "reason": "r",
        "paused_by": w["company"]["duty"],
        "starts_at": w["at"],
        "ends_at": w["at"] + HOUR,
        "settle_at": w["at"] + HOUR,
    }
    return m.AutomationPause(**{**values, **changes})


def exception(w: dict[str, Any], **changes: Any) -> m.PolicyException:
    values = {
        "policy": m.Policy.objects.first(),
        "kind": "target",
        "clock_kind": "restore",
        "target_s": 60,
        "reason": "r",
        "owner": w["company"]["agent"],
        "asked_at": w["at"],
        "asked_by": w["company"]["agent"],
        "starts_at": w["at"],
        "expires_at": w["at"] + HOUR,
        "settle_at": w["at"] + HOUR,
    }
    return m.PolicyException(**{**values, **changes})


def answered(w: dict[str, Any], by: str = "governor", **changes: Any) -> m.PolicyException:
    word = {"state": "approved", "answered_at": w["at"], "answered_by": w["company"][by]}
    return exception(w, **{**word, **changes})


EXCEPTION_BREAKERS = {
    "pause_scope": lambda w: pause(w, scope="odd"),
    "pause_what": lambda w: pause(w, scope="ladder", policy=m.Policy.objects.first()),
    "pause_reason": lambda w: pause(w, reason=""),
    "pause_period": lambda w: pause(w, ends_at=w["at"]),
    "pause_by_two": lambda w: pause(w, approver=w["company"]["duty"]),
    "pause_of_s1_approved": lambda w: pause(w, concerns_s1=True),
    "pause_ended_by": lambda w: pause(w, ended_by=w["company"]["duty"]),
    "pause_settles": lambda w: pause(w, settle_at=None),
    "ladder_run_kept": lambda w: copy_of(
        m.LadderRun.objects.get(),
        number=2,
        state="cancelled",
        kept_due_at=w["at"],
        next_step_at=None,
        look_at=None,
    ),
    "exception_state": lambda w: exception(w, state="odd", settle_at=None),
    "exception_kind": lambda w: exception(w, kind="odd"),
    "exception_scope": lambda w: exception(
        w,
        account=m.Incident._meta.get_field("account").related_model.objects.first(),
        product_area="cards",
    ),
    "exception_rule": lambda w: exception(w, rule="Also in words"),
    "exception_severity": lambda w: exception(w, severity=5),
    "exception_reason": lambda w: exception(w, reason=""),
    "exception_cost": lambda w: exception(w, cost_minor=1),
    "exception_period": lambda w: exception(w, expires_at=w["at"]),
    "exception_by_another": lambda w: answered(w, by="agent"),
    "exception_answered": lambda w: exception(w, state="approved"),
    "exception_ended": lambda w: answered(w, state="ended", settle_at=None),
    "exception_timer": lambda w: exception(w, settle_at=None),
    "policyexception_answered_at_with_answered_by": lambda w: answered(w, answered_by=None),
    "policyexception_ended_at_with_ended_by": lambda w: answered(
        w, state="ended", settle_at=None, ended_at=w["at"], ended_why="w"
    ),
}
