"""A row for each constraint of hand-offs, merges and links, breaking it and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models

from escalations import models as m
from escalations.services.signals import SignalMessage, receive_signal
from tests.playbook_schema import copy_of


def handoff(w: dict[str, Any], **changes: Any) -> m.Handoff:
    values = {
        "incident": w["incident"],
        "number": 1,
        "from_user": w["company"]["agent"],
        "to_user": w["company"]["agent2"],
        "summary": "s",
        "status": "s",
        "risks": "r",
        "next_step": "n",
        "next_step_owner": w["company"]["agent"],
        "next_step_due_at": w["at"],
        "asked_at": w["at"],
    }
    return m.Handoff(**{**values, **changes})


def other(w: dict[str, Any]) -> m.Incident:
    message = SignalMessage("s", "other", True, "t", w["at"])
    found = receive_signal(message, by=None, at=w["at"]).incident
    assert found is not None
    return found


def link(w: dict[str, Any], **changes: Any) -> m.IncidentLink:
    values = {"incident": w["incident"], "other": other(w), "kind": "related", "linked_at": w["at"]}
    return m.IncidentLink(**{**values, **changes})


def merge(w: dict[str, Any], **changes: Any) -> m.Merge:
    values = {
        "incident": w["incident"],
        "into": other(w),
        "reason": "r",
        "merged_at": w["at"],
        "merged_by": w["company"]["duty"],
        "state_before": "new",
        "is_earliest": True,
    }
    return m.Merge(**{**values, **changes})


def twice(row: models.Model, **changes: Any) -> models.Model:
    row.save()
    return copy_of(row, **changes)


def by(w: dict[str, Any], name: str) -> dict[str, Any]:
    return {f"{name}_at": w["at"], f"{name}_by": w["company"]["agent"]}


def window(w: dict[str, Any], **changes: Any) -> m.MaintenanceWindow:
    values = {
        "reason": "r",
        "owner": w["company"]["duty"],
        "source": "pager",
        "starts_at": w["at"],
        "ends_at": w["at"] + timedelta(hours=1),
        "created_at": w["at"],
    }
    return m.MaintenanceWindow(**{**values, **changes})


def mark(w: dict[str, Any], **changes: Any) -> m.ClockMark:
    values = {"kind": "breach", "due_at": w["at"], "recorded_at": w["at"]}
    return m.ClockMark(clock=m.Clock.objects.first(), **{**values, **changes})


def repair(w: dict[str, Any], **changes: Any) -> m.ClockRepair:
    values = {
        "kind": "due",
        "clock": m.Clock.objects.first(),
        "due_at": w["at"],
        "reason": "r",
        "asked_at": w["at"],
        "asked_by": w["company"]["duty"],
    }
    return m.ClockRepair(**{**values, **changes})


def answer(w: dict[str, Any], **changes: Any) -> m.RepairAnswer:
    found = repair(w)
    found.save()
    values = {"repair": found, "incident": w["incident"], "is_moved": True, "at": w["at"]}
    return m.RepairAnswer(**{**values, **changes})


MOVES_BREAKERS = {
    "repair_of_one_thing": lambda w: repair(w, due_at=None),
    "repair_by_another": lambda w: repair(w, applied_at=w["at"], applied_by=w["company"]["duty"]),
    "repair_timer": lambda w: repair(w, settle_at=w["at"]),
    "repair_answer_once": lambda w: twice(answer(w)),
    "repair_answer_why": lambda w: answer(w, is_moved=False),
    "repair_reason": lambda w: repair(w, reason=""),
    "repair_one_end": lambda w: repair(w, **by(w, "applied"), **by(w, "dropped")),
    "clockrepair_applied_at_with_applied_by": lambda w: repair(w, applied_at=w["at"]),
    "clockrepair_dropped_at_with_dropped_by": lambda w: repair(w, dropped_at=w["at"]),
    "clock_mark_cause": lambda w: mark(w, cause="odd"),
    "clock_mark_cause_of_breach": lambda w: mark(w, kind="warning", cause="no_ack"),
    "clockmark_cause_confirmed_at_with_cause_confirmed_by": lambda w: mark(
        w, cause_confirmed_at=w["at"]
    ),
    "window_period": lambda w: window(w, ends_at=w["at"]),
    "window_scope": lambda w: window(w, source=""),
    "window_repeat": lambda w: window(w, weekdays="12", time_zone="UTC"),
    "window_ended_sleeps": lambda w: window(w, settle_at=w["at"], **by(w, "ended")),
    "maintenancewindow_ended_at_with_ended_by": lambda w: window(w, ended_at=w["at"]),
    "incident_merged": lambda w: copy_of(w["incident"], state="merged"),
    "incident_merged_elsewhere": lambda w: m.Incident(
        **{f.attname: getattr(w["incident"], f.attname) for f in m.Incident._meta.concrete_fields}
        | {"number": 77, "state": "merged", "merged_into_id": 77, "dedup_key": "z"}
    ),
    "handoff_number": lambda w: twice(handoff(w, returned_at=w["at"])),
    "handoff_one_pending": lambda w: twice(handoff(w), number=2),
    "handoff_to_somebody": lambda w: handoff(w, to_user=None),
    "handoff_packet": lambda w: handoff(w, risks=""),
    "handoff_answered_sleeps": lambda w: handoff(w, expires_at=w["at"], **by(w, "accepted")),
    "handoff_one_end": lambda w: handoff(w, returned_at=w["at"], **by(w, "declined")),
    "handoff_accepted_at_with_accepted_by": lambda w: handoff(w, accepted_at=w["at"]),
    "link_kind": lambda w: link(w, kind="odd"),
    "link_two": lambda w: link(w, other=w["incident"]),
    "link_once": lambda w: twice(link(w), linked_at=w["at"] + timedelta(hours=1)),
    "incidentlink_ended_at_with_ended_by": lambda w: link(w, ended_at=w["at"]),
    "merge_two": lambda w: merge(w, into=w["incident"]),
    "merge_once": lambda w: twice(merge(w)),
    "merge_undone_at_with_undone_by": lambda w: merge(w, undone_at=w["at"]),
}
