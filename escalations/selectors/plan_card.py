"""Decisions, milestones, workstreams and the task force as the incident's page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from escalations.models import Decision, Incident, Milestone, TaskForce, Workstream
from escalations.models.milestones import Stage
from escalations.models.task_forces import Meeting
from escalations.selectors.task_forces import next_meeting_of, rule_for, where_from

MOST = 100
DECISION_WORDS = {
    "decided": ("Decided", "pill-ok", "check"),
    "waiting": ("Waits for a yes", "pill-warn", "hourglass"),
    "in_force": ("In force", "pill-ok", "check"),
    "declined": ("Declined", "", "ban"),
    "withdrawn": ("Taken back", "", "rotate-ccw"),
    "expired": ("Ended", "", "timer"),
}


@dataclass(frozen=True, slots=True)
class DecisionView:
    pk: int
    number: int
    kind: str
    title: str
    rationale: str
    options: tuple[str, ...]
    word: str
    css: str
    icon: str
    by: str
    at: datetime
    answered: str
    expires_at: datetime | None
    may_answer: bool
    may_withdraw: bool


@dataclass(frozen=True, slots=True)
class DecisionsCard:
    rows: tuple[DecisionView, ...]
    waiting: int
    may_decide: bool


def decisions_card(incident: Incident, user: User, rights: frozenset[str]) -> DecisionsCard:
    """One query."""
    people = ("decided_by", "approved_by", "declined_by", "withdrawn_by")
    rows = incident.decisions.select_related(*people).order_by("-number")[:MOST]
    shown = tuple(_decision(row, user, rights) for row in rows)
    return DecisionsCard(
        rows=shown,
        waiting=sum(1 for each in shown if each.icon == "hourglass"),
        may_decide="respond_incident" in rights and incident.is_open,
    )


def _decision(row: Decision, user: User, rights: frozenset[str]) -> DecisionView:
    word, css, icon = DECISION_WORDS[row.state]
    may_approve = "approve_decision" in rights
    is_own = row.decided_by_id == user.pk
    answered_by = row.withdrawn_by or row.declined_by or row.approved_by
    answered = f"{word} by {answered_by}" if answered_by else ""
    if row.state in ("expired", "in_force") and row.approved_by:
        answered = f"Approved by {row.approved_by}"
    return DecisionView(
        pk=row.pk,
        number=row.number,
        kind=row.get_kind_display(),
        title=row.title,
        rationale=row.rationale,
        options=tuple(str(each) for each in row.options),
        word=word,
        css=css,
        icon=icon,
        by=str(row.decided_by),
        at=row.decided_at,
        answered=": ".join(part for part in (answered, row.answer) if part),
        expires_at=row.expires_at,
        may_answer=row.state == "waiting" and may_approve and not is_own,
        may_withdraw=row.state in ("decided", "waiting", "in_force") and (is_own or may_approve),
    )


@dataclass(frozen=True, slots=True)
class MilestoneView:
    pk: int
    title: str
    stage: str
    owner: str
    workstream: str
    due_at: datetime
    first_due_at: datetime | None
    state: str  # open, late, done or dropped
    note: str
    may_change: bool


@dataclass(frozen=True, slots=True)
class PlanCard:
    milestones: tuple[MilestoneView, ...]
    workstreams: tuple[Workstream, ...]
    stages: tuple[tuple[str, str], ...]
    late: int
    may_plan: bool


@dataclass(frozen=True, slots=True)
class TaskForceCard:
    """`next_at` is the next meeting; `forming` says which rule asks for one that does not sit."""

    force: TaskForce | None
    members: tuple[str, ...]
    meets: str
    next_at: datetime | None
    forming: str
    may_change: bool
    is_ended: bool
    zone: str
    formed_by: str  # the row that formed it


def plan_card(incident: Incident, rights: frozenset[str], at: datetime) -> PlanCard:
    """Two queries."""
    may_plan = "respond_incident" in rights and incident.is_open
    people = ("owner", "workstream", "done_by", "dropped_by")
    rows = incident.milestones.select_related(*people).order_by("due_at", "pk")[:MOST]
    shown = [_milestone(row, may_plan, at) for row in rows]
    shown.sort(key=lambda each: each.state in ("done", "dropped"))
    running = incident.workstreams.filter(ended_at=None).select_related("owner")
    return PlanCard(
        milestones=tuple(shown),
        workstreams=tuple(running),
        stages=tuple((value, label) for value, label in Stage.choices),
        late=sum(1 for each in shown if each.state == "late"),
        may_plan=may_plan,
    )


def _milestone(row: Milestone, may_plan: bool, at: datetime) -> MilestoneView:
    state, note = ("late" if row.due_at < at else "open"), ""
    if row.done_at:
        state = "done"
        note = f"by {row.done_by}" + (", late" if row.done_at > row.due_at else "")
    elif row.dropped_at:
        state, note = "dropped", f"by {row.dropped_by}: {row.reason}"
    elif row.reason:
        note = f"Moved: {row.reason}"
    return MilestoneView(
        pk=row.pk,
        title=row.title,
        stage=row.get_stage_display() if row.stage else "",
        owner=str(row.owner),
        workstream=row.workstream.name if row.workstream else "",
        due_at=row.due_at,
        first_due_at=row.first_due_at if row.first_due_at != row.due_at else None,
        state=state,
        note=note,
        may_change=may_plan and row.is_open,
    )


def task_force_card(incident: Incident, rights: frozenset[str], at: datetime) -> TaskForceCard:
    """Two queries."""
    may_change = "respond_incident" in rights and incident.is_open
    forces = TaskForce.objects.select_related("rule__version__policy")
    force = forces.filter(incident=incident).first()
    if force is None:
        rule = rule_for(incident) if incident.is_open else None
        who = f": {rule.team} sit in" if rule and rule.team else ""
        forming = f"{rule.name} asks for one{who}. By {where_from(rule)}." if rule else ""
        return TaskForceCard(None, (), "", None, forming, may_change, False, "", "")
    return TaskForceCard(
        force=force,
        members=tuple(str(each.user) for each in force.members.select_related("user")),
        meets=_meets(force),
        next_at=next_meeting_of(force, at),
        forming="",
        may_change=may_change and force.ended_at is None,
        is_ended=force.ended_at is not None,
        zone=force.meeting_zone,
        formed_by=f"{where_from(force.rule)}: {force.rule.name}" if force.rule else "",
    )


def _meets(force: TaskForce) -> str:
    if force.meeting == Meeting.EVERY:
        hours = force.meeting_every_h
        return "every hour" if hours == 1 else f"every {hours} hours"
    if force.meeting == Meeting.DAILY and force.meeting_at is not None:
        return f"daily at {force.meeting_at:%H:%M} {force.meeting_zone}"
    return ""
