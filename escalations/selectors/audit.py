"""The figures of the audit: lateness, the outbox, what was sent late or held back and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, prefetch_related_objects

from accounts.models import User
from config.lib.queue import queued_jobs
from escalations.models import (
    Audit,
    AuditFinding,
    ClockMark,
    Incident,
    LadderStep,
    Notice,
)
from escalations.rules.lateness import lateness
from escalations.selectors.automation import kept_now

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEWEST = 5000
LATE_S = 60
KINDS = {"clocks": "Clocks", "ladders": "Ladder steps", "messages": "Messages"}
STALE_AFTER = timedelta(minutes=3)
MILLISECOND = timedelta(milliseconds=1)
# All that is read of thousands of messages.
OF_MESSAGES = (
    *("created_at", "sent_at", "cancelled_at", "failed_at", "delay_reason", "subject"),
    *("recipient", "incident", "bundle"),
)


def lateness_of_the_last_hour(at: datetime) -> dict[str, dict[str, int]]:
    """From due to recorded, and from due to sent; read backwards from the newest rows."""

    def late(pairs: Any) -> dict[str, int]:
        recent = [(due, done) for due, done in pairs if done > at - HOUR]
        return lateness(int((done - due) / MILLISECOND) for due, done in recent)

    marks = ClockMark.objects.filter(clock__drill=None).order_by("-pk")
    steps = LadderStep.objects.filter(run__drill=None).order_by("-pk")
    return {
        "clocks": late(marks.values_list("due_at", "recorded_at")[:NEWEST]),
        "ladders": late(steps.values_list("due_at", "at")[:NEWEST]),
        "messages": late(
            (row.created_at, row.sent_at)
            for row in newest_messages(at)
            if row.sent_at and not row.delay_reason
        ),
    }


def oldest_unsent_s(at: datetime) -> int:
    """Age of the oldest message that is due and has not left."""
    first = Notice.objects.real().pending().order_by("not_before")
    due_at = first.values_list("not_before", flat=True).first()
    return 0 if due_at is None or due_at > at else int((at - due_at).total_seconds())


def newest_messages(at: datetime) -> list[Notice]:
    """Of the last day, the few columns that are read here; at most the newest 5,000."""
    newest = Notice.objects.real().order_by("-pk").only(*OF_MESSAGES)[:NEWEST]
    return [row for row in newest if row.created_at > at - DAY]


@dataclass(frozen=True, slots=True)
class AuditGlance:
    """The audit in one line. Stale: nobody looked lately, and what stands here says nothing."""

    at: datetime
    last: Audit | None

    @property
    def is_stale(self) -> bool:
        return self.last is None or self.at - self.last.at > STALE_AFTER

    @property
    def findings(self) -> int:
        return self.last.open_findings if self.last else 0

    @property
    def lateness(self) -> list[tuple[str, dict[str, int]]]:
        figures = self.last.lateness if self.last else {}
        return [(KINDS[name], figures[name]) for name in KINDS if name in figures]


def audit_glance(at: datetime) -> AuditGlance:
    return AuditGlance(at, Audit.objects.order_by("-at").first())


@dataclass(frozen=True, slots=True)
class AuditPage:
    """`held`: why messages of the last day did not leave at once or at all, with counts."""

    glance: AuditGlance
    findings: list[AuditFinding]
    cleared: list[AuditFinding]
    held: list[tuple[str, int]]
    kept: tuple[int, int]  # ladders and openings that pauses of automation keep
    late: list[tuple[Notice, int]]
    messages: int
    oldest_unsent_s: int
    queued_jobs: int


def audit_page(user: User, at: datetime) -> AuditPage:
    visible = Incident.objects.visible_to(user)
    found = AuditFinding.objects.filter(Q(incident=None) | Q(incident__in=visible))
    messages = newest_messages(at)
    late = [(row, _late_s(row)) for row in messages if _late_s(row) > LATE_S]
    mine = set(visible.filter(pk__in={row.incident_id for row, _ in late}).values_list("pk"))
    shown = [
        (row, late_s) for row, late_s in late if not row.incident_id or (row.incident_id,) in mine
    ][:20]
    prefetch_related_objects([row for row, _ in shown], "recipient", "incident")
    return AuditPage(
        glance=audit_glance(at),
        findings=list(found.filter(cleared_at=None).select_related("incident")[:200]),
        cleared=list(found.exclude(cleared_at=None).select_related("incident")[:20]),
        held=Counter(filter(None, map(_why_held, messages))).most_common(),
        kept=kept_now(),
        late=shown,
        messages=len(messages),
        oldest_unsent_s=oldest_unsent_s(at),
        queued_jobs=queued_jobs(),
    )


def _late_s(row: Notice) -> int:
    """How long a message took that nobody held back; 0 where it did not leave."""
    if row.sent_at is None or row.delay_reason:
        return 0
    return int((row.sent_at - row.created_at).total_seconds())


def _why_held(row: Notice) -> str:
    if row.failed_at is not None:
        return "Could not be delivered"
    if row.cancelled_at is not None:
        return "Not needed any more before it left"
    if row.bundle_id is not None:
        return "Sent together with another"
    return row.delay_reason


def open_findings() -> dict[str, int]:
    """Open findings by code."""
    rows = AuditFinding.objects.filter(cleared_at=None).order_by().values_list("code")
    return dict(rows.annotate(count=Count("pk")))
