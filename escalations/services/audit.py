"""One look at the whole house: what is wrong is stored and told, what is mended is cleared."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.models import User
from config.lib.queue import enqueue, queued_jobs
from escalations.models import Audit, AuditFinding, Notice
from escalations.models.audits import Check
from escalations.models.notices import NoticeKind
from escalations.selectors.audit import lateness_of_the_last_hour, oldest_unsent_s
from escalations.selectors.audit_checks import MOST, Finding, findings, walk
from escalations.services.recorder import DELIVER

log = logging.getLogger("belay.audit")
AT_MOST_EVERY = timedelta(seconds=15)
KEPT_FOR = timedelta(days=14)
BACK = timedelta(seconds=2)
WALKED = frozenset({Check.CLOCK_ALTERED, Check.LADDER_MISSING})
SAID = 20  # findings in one message


def audit(at: datetime) -> Audit | None:
    """None when another process looked just now. Two looks at once are harmless: the database
    keeps one open finding of each kind and thing."""
    started = time.monotonic()
    last = Audit.objects.order_by("-at").first()
    if last is not None and timedelta() <= at - last.at < AT_MOST_EVERY:
        return None
    walked = walk(last.cursor if last else 0, at)
    rows = [*findings(at), *walked.findings, *_time_back(last, at)]
    found = {(each.code, each.thing): each for each in rows}
    with transaction.atomic():
        fresh = _store(found.values(), walked.looked_at, at)
        if fresh:
            _tell(fresh, at)
        row = Audit.objects.create(
            at=at,
            took_ms=int((time.monotonic() - started) * 1000),
            looked_at=len(walked.looked_at),
            open_findings=AuditFinding.objects.filter(cleared_at=None).count(),
            oldest_unsent_s=oldest_unsent_s(at),
            queued_jobs=queued_jobs(),
            cursor=walked.cursor,
            lateness=lateness_of_the_last_hour(at),
        )
        Audit.objects.filter(at__lt=at - KEPT_FOR).delete()
    for finding in fresh:
        log.error("audit: %s (%s)", finding.sentence, finding.thing)
    return row


def _time_back(last: Audit | None, at: datetime) -> list[Finding]:
    """Every instant comes from the database's clock: when that is set back, timers wait until it
    has caught up, and somebody must know."""
    if last is None or last.at <= at + BACK:
        return []
    sentence = f"The database's clock was at {last.at:%H:%M:%S} UTC before; timers wait for it."
    return [Finding(Check.TIME_BACK, "clock of the database", sentence, due_at=last.at)]


def _store(
    found: Iterable[Finding], looked_at: tuple[int, ...], at: datetime
) -> list[AuditFinding]:
    """The findings that are new. What the walk found stays open until it passes there again."""
    now_open = {(each.code.value, each.thing): each for each in found}
    known = {(row.code, row.thing): row for row in AuditFinding.objects.filter(cleared_at=None)}
    gone = [
        row.pk
        for key, row in known.items()
        if key not in now_open and (row.code not in WALKED or row.incident_id in looked_at)
    ]
    # An incident that is closed is not walked any more.
    closed = Q(code__in=WALKED) & ~Q(incident__closed_at=None)
    AuditFinding.objects.filter(Q(pk__in=gone) | closed, cleared_at=None).update(cleared_at=at)
    fresh = [
        AuditFinding(
            code=each.code,
            thing=each.thing,
            incident_id=each.incident,
            sentence=each.sentence,
            due_at=each.due_at,
            found_at=at,
        )
        for key, each in now_open.items()
        if key not in known
    ][: MOST * 2]
    AuditFinding.objects.bulk_create(fresh, ignore_conflicts=True)
    return fresh


def _tell(fresh: list[AuditFinding], at: datetime) -> None:
    """One message per look to everybody who may read the audit and keeps the house. It names
    incidents by their keys alone: not every reader may see each of them."""
    keepers = User.objects.filter(is_active=True, groups__name="governance_committee").distinct()
    lines = [
        f"- {row.sentence}" + (f" INC-{row.incident_id}" if row.incident_id else f" {row.thing}")
        for row in fresh[:SAID]
    ]
    if len(fresh) > SAID:
        lines.append(f"... and {len(fresh) - SAID} more.")
    headline = f"Belay found {len(fresh)} thing{'s' if len(fresh) > 1 else ''} wrong with itself"
    text = "\n".join((headline, "", *lines, "", f"Open it: {settings.BASE_URL}/audit/", ""))
    notices = [
        Notice(
            key=f"audit:{at.isoformat()}:{person.pk}",
            kind=NoticeKind.WARNING,
            recipient=person,
            address=person.email,
            subject=headline,
            text=text,
            created_at=at,
            not_before=at,
        )
        for person in keepers
        if person.is_reachable
    ]
    if notices:
        Notice.objects.bulk_create(notices, ignore_conflicts=True)
        enqueue(DELIVER)
