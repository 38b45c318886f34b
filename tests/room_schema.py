"""A row for each constraint of visits, evidence, decisions, milestones and task forces, breaking
it and nothing else."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from escalations import models as m
from tests.moves_schema import by, twice

DAY = timedelta(days=1)


def visit(w: dict[str, Any], **changes: Any) -> m.Visit:
    values = {"incident": w["incident"], "user": w["company"]["agent"], "last_at": w["at"]}
    return m.Visit(**{**values, **changes})


def link(w: dict[str, Any], **changes: Any) -> m.Evidence:
    values = {
        "incident": w["incident"],
        "kind": "link",
        "title": "t",
        "url": "https://graphs.example/1",
        "taken_at": w["at"],
        "taken_by": w["company"]["agent"],
    }
    return m.Evidence(**{**values, **changes})


def file(w: dict[str, Any], **changes: Any) -> m.Evidence:
    values = {
        "kind": "file",
        "url": "",
        "file_name": "a.txt",
        "content_type": "text/plain",
        "size": 1,
        "sha256": "0" * 64,
    }
    return link(w, **{**values, **changes})


def snapshot(w: dict[str, Any], **changes: Any) -> m.Evidence:
    return link(w, **{"kind": "signals", "url": "", "taken_by": None, **changes})


def withdrawal(w: dict[str, Any], **changes: Any) -> m.NoteWithdrawal:
    event = m.TimelineEvent.objects.filter(incident=w["incident"]).first()
    return m.NoteWithdrawal(**{"event": event, "reason": "r", **by(w, "withdrawn"), **changes})


def decision(w: dict[str, Any], **changes: Any) -> m.Decision:
    values = {
        "incident": w["incident"],
        "number": 1,
        "kind": "compromise",
        "title": "t",
        "rationale": "r",
        "expires_at": w["at"] + DAY,
        "decided_at": w["at"],
        "decided_by": w["company"]["agent"],
    }
    return m.Decision(**{**values, **changes})


def answered(w: dict[str, Any], word: str) -> dict[str, Any]:
    return {f"{word}_at": w["at"], f"{word}_by": w["company"]["duty"]}


def workstream(w: dict[str, Any], **changes: Any) -> m.Workstream:
    values = {"incident": w["incident"], "name": "n", "owner": w["company"]["agent"]}
    return m.Workstream(**{**values, **by(w, "begun"), **changes})


def milestone(w: dict[str, Any], **changes: Any) -> m.Milestone:
    values = {
        "incident": w["incident"],
        "title": "t",
        "owner": w["company"]["agent"],
        "due_at": w["at"],
        "first_due_at": w["at"],
    }
    return m.Milestone(**{**values, **by(w, "made"), **changes})


def rule(w: dict[str, Any], **changes: Any) -> m.TaskForceRule:
    return m.TaskForceRule(**{"position": 77, "name": "n", "severity_at_least": 2, **changes})


def pinned(w: dict[str, Any]) -> m.PolicyVersion:
    return w["incident"].policy_version


def force(w: dict[str, Any], **changes: Any) -> m.TaskForce:
    return m.TaskForce(**{"incident": w["incident"], **by(w, "formed"), **changes})


def member_twice(w: dict[str, Any]) -> m.TaskForceMember:
    seat = force(w)
    seat.save()
    user = w["company"]["agent"]
    return twice(m.TaskForceMember(task_force=seat, user=user, joined_at=w["at"]))


ROOM_BREAKERS = {
    "visit_person": lambda w: twice(visit(w)),
    "visit_order": lambda w: visit(w, before_seq=2, seen_seq=1),
    "evidence_kind": lambda w: link(w, kind="rumour", url=""),
    "evidence_title": lambda w: link(w, title=""),
    "evidence_link": lambda w: link(w, url="javascript:alert(1)"),
    "evidence_file": lambda w: file(w, size=5 * 1024 * 1024 + 1),
    "evidence_by": lambda w: snapshot(w, taken_by=w["company"]["agent"]),
    "evidence_withdrawn_at_with_withdrawn_by": lambda w: link(
        w, withdrawn_at=w["at"], withdrawn_reason="r"
    ),
    "evidence_withdrawn_why": lambda w: link(w, **by(w, "withdrawn")),
    "evidence_snapshot_once": lambda w: twice(snapshot(w)),
    "evidence_file_once": lambda w: twice(file(w)),
    "note_withdrawal_why": lambda w: withdrawal(w, reason=""),
    "decision_number": lambda w: twice(decision(w)),
    "decision_kind": lambda w: decision(w, kind="guess"),
    "decision_says_why": lambda w: decision(w, rationale=""),
    "decision_expiry": lambda w: decision(w, expires_at=None),
    "decision_plain": lambda w: decision(
        w, kind="plain", expires_at=None, **answered(w, "approved")
    ),
    "decision_by_another": lambda w: decision(w, **by(w, "approved")),
    "decision_one_end": lambda w: decision(w, **answered(w, "withdrawn"), expired_at=w["at"]),
    "decision_declined_or_approved": lambda w: decision(
        w, **answered(w, "approved"), **answered(w, "declined")
    ),
    "decision_ended_sleeps": lambda w: decision(
        w, expire_due_at=w["at"], **answered(w, "declined")
    ),
    "decision_approved_at_with_approved_by": lambda w: decision(w, approved_at=w["at"]),
    "decision_declined_at_with_declined_by": lambda w: decision(w, declined_at=w["at"]),
    "decision_withdrawn_at_with_withdrawn_by": lambda w: decision(w, withdrawn_at=w["at"]),
    "workstream_name": lambda w: workstream(w, name=""),
    "workstream_name_once": lambda w: twice(workstream(w)),
    "workstream_ended_at_with_ended_by": lambda w: workstream(w, ended_at=w["at"]),
    "milestone_stage": lambda w: milestone(w, stage="lunch"),
    "milestone_title": lambda w: milestone(w, title=""),
    "milestone_stage_owner": lambda w: twice(milestone(w, stage="contain")),
    "milestone_one_end": lambda w: milestone(w, **by(w, "done"), **by(w, "dropped"), reason="r"),
    "milestone_ended_sleeps": lambda w: milestone(w, **by(w, "done"), remind_at=w["at"]),
    "milestone_dropped_why": lambda w: milestone(w, **by(w, "dropped")),
    "milestone_done_at_with_done_by": lambda w: milestone(w, done_at=w["at"]),
    "milestone_dropped_at_with_dropped_by": lambda w: milestone(w, dropped_at=w["at"], reason="r"),
    "task_force_rule_position": lambda w: twice(rule(w)),
    "task_force_rule_version_position": lambda w: twice(rule(w, version=pinned(w))),
    "task_force_rule_of_version_holds": lambda w: rule(w, version=pinned(w), is_active=False),
    "task_force_rule_name": lambda w: rule(w, name=""),
    "task_force_rule_severity": lambda w: rule(w, severity_at_least=5),
    "task_force_rule_tier": lambda w: rule(w, tier="gold"),
    "task_force_rule_channel": lambda w: rule(w, channel_url="tel:112"),
    "task_force_rule_bridge": lambda w: rule(w, bridge_url="ftp://x"),
    "task_force_rule_meeting": lambda w: rule(
        w, meeting="daily", meeting_every_h=2, meeting_at=time(9)
    ),
    "task_force_channel": lambda w: force(w, channel_url="javascript:1"),
    "task_force_bridge": lambda w: force(w, bridge_url="data:1"),
    "task_force_meeting": lambda w: force(w, meeting="every"),
    "taskforce_ended_at_with_ended_by": lambda w: force(w, ended_at=w["at"]),
    "task_force_member_once": member_twice,
}
