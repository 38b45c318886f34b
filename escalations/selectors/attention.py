"""What needs a governor now, on one page. Budget: 19 queries, and 7 more once a minute."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, FloatField, Max, Q, Value, When
from django.db.models.functions import Coalesce

from accounts.models import User
from accounts.selectors.duty_ways import unverified_on_rosters
from accounts.selectors.roster_gaps import RosterGaps, roster_gaps
from escalations.models import (
    ActionItem,
    ChangeRequest,
    Clock,
    Heartbeat,
    Incident,
    KpiState,
    Notice,
    PostIncidentReview,
)
from escalations.rules.exceptions import Debt
from escalations.selectors.audit import AuditGlance, audit_glance
from escalations.selectors.changes import RequestRow, before_the_committee
from escalations.selectors.exceptions import VIEW as VIEW_EXCEPTIONS
from escalations.selectors.exceptions import money, owed_and_asked
from escalations.selectors.kpi_remedies import Answer, answers

SHOWN = 8
PULSE_S = 30
PROCESSES = {"clock": "Clock", "cluster": "Jobs"}


@dataclass(frozen=True, slots=True)
class Attention:
    """`at` is the instant all of it is true at; lists hold at most `SHOWN` rows, worst first."""

    at: datetime
    late: int = 0
    at_risk: int = 0
    without_owner: int = 0
    kpis_off: int = 0
    failed: int = 0
    clocks: list[Clock] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    kpis: list[KpiState] = field(default_factory=list)
    answered: list[tuple[KpiState, Answer | None]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    actions: list[ActionItem] = field(default_factory=list)
    reviews: list[PostIncidentReview] = field(default_factory=list)
    rosters: tuple[RosterGaps, ...] | None = None  # None: not for this reader
    audit: AuditGlance | None = None  # None: not for this reader
    unverified: list[User] = field(default_factory=list)  # on call soon, no way verified
    processes: list[dict[str, Any]] = field(default_factory=list)
    approvals: list[RequestRow] | None = None  # None: not for this reader
    debt: Debt | None = None  # of exceptions; None: not for this reader
    debt_costs: list[str] = field(default_factory=list)
    asked: int = 0  # exceptions that wait for an answer
    soon: list[ChangeRequest] = field(default_factory=list)  # rules that change by themselves


def what_needs_you(user: User, at: datetime) -> Attention:
    """Nothing of an area that this person may not view."""
    found: dict[str, Any] = {"processes": _processes(at)}
    if user.has_perm("escalations.view_incident"):
        seen = Incident.objects.visible_to(user).real().open()
        is_late = Q(has_missed=True) | Q(next_late_at__lte=at)
        ownerless = Q(commander=None) | Q(accepted_at=None)
        counts = seen.aggregate(
            late=Count("pk", filter=is_late),
            at_risk=Count("pk", filter=~is_late & Q(next_late_at__gt=at, next_warn_at__lte=at)),
            without_owner=Count("pk", filter=ownerless),
        )
        found |= counts
        found["clocks"] = list(
            Clock.objects.real()
            .filter(incident__in=seen, run_state="running", due_at__isnull=False)
            .filter(Q(warn_at__lte=at) | Q(due_at__lte=at))
            .select_related("incident__team", "incident__commander")
            .order_by(Coalesce("breach_after", "due_at"), "pk")[:SHOWN]  # as the clock is said
        )
        found["incidents"] = list(
            seen.filter(ownerless)
            .select_related("team", "commander")
            .order_by("severity", "received_at")[:SHOWN]
        )
        found["actions"] = list(
            ActionItem.objects.real()
            .visible_to(user)
            .overdue(at.date())
            .select_related("owner", "review")
            .order_by("due_on", "pk")[:SHOWN]
        )
        found["reviews"] = list(
            PostIncidentReview.objects.real()
            .visible_to(user)
            .unsigned()
            .filter(
                Q(meeting_at=None, held_at=None, schedule_due_at__lte=at)
                | Q(held_at=None, hold_due_at__lte=at)
                | Q(sign_off_due_at__lte=at)
            )
            .select_related("incident", "facilitator")
            .order_by("hold_due_at", "pk")[:SHOWN]
        )
    if user.has_perm("escalations.view_kpi"):
        off = (
            KpiState.objects.exclude(state="ok")
            .filter(kpi__is_active=True)
            .select_related("kpi__owner", "kpi__remediation_leader")
            .annotate(
                rank=Case(
                    When(state="breach", then=Value(0.0)),
                    When(state="warn", then=Value(1.0)),
                    default=Value(2.0),
                    output_field=FloatField(),
                )
            )
            .order_by("rank", Coalesce(F("since_at"), Value(at)), "pk")
        )
        found["kpis"] = list(off[:SHOWN])
        known = answers(found["kpis"], user)
        found["answered"] = [(state, known.get(state.kpi_id)) for state in found["kpis"]]
        found["kpis_off"] = off.count() if len(found["kpis"]) == SHOWN else len(found["kpis"])
    if user.has_perm("escalations.view_notice"):
        seen_too = Q(incident=None) | Q(incident__in=Incident.objects.visible_to(user))
        open_doubt = Q(uncertain_at__isnull=False, sent_at=None, cancelled_at=None)
        failed = Notice.objects.real().filter(seen_too, Q(failed_at__isnull=False) | open_doubt)
        newest = Coalesce("failed_at", "uncertain_at").desc()
        found["notices"] = list(failed.select_related("recipient").order_by(newest)[:SHOWN])
        found["failed"] = len(found["notices"])
    if user.has_perm("accounts.view_roster"):
        found["rosters"] = roster_gaps(at)[:SHOWN]
        found["unverified"] = unverified_on_rosters(at)[:SHOWN]
    if user.has_perm("escalations.view_audit"):
        found["audit"] = audit_glance(at)
    if user.has_perm("escalations.view_changerequest"):
        found["approvals"], found["soon"] = before_the_committee(user, SHOWN)
    if user.has_perm(VIEW_EXCEPTIONS):
        found["debt"], found["asked"] = owed_and_asked(user, at)
        found["debt_costs"] = [money(minor, word) for word, minor in found["debt"].costs]
    return Attention(at=at, **found)


def _processes(at: datetime) -> list[dict[str, Any]]:
    rows = Heartbeat.objects.filter(kind__in=PROCESSES).values_list("kind")
    newest = dict(rows.annotate(newest=Max("beat_at")))
    return [
        {
            "label": label,
            "beat_at": newest.get(kind),
            "is_alive": kind in newest and (at - newest[kind]).total_seconds() < PULSE_S,
        }
        for kind, label in PROCESSES.items()
    ]
