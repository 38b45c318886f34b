"""What happens to a ladder while it waits: more answers, snoozes, holds, hand-overs, lost pages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q

from accounts.models import User
from config.lib.errors import Conflict, field_error
from escalations.models import Incident, LadderRun, Notice, Responder
from escalations.models.clocks import ClockKindChoice
from escalations.models.incidents import Role
from escalations.models.ladders import LadderState
from escalations.models.notices import NoticeKind
from escalations.rules import ladder as rules
from escalations.rules.lifecycle import OPEN_STATES
from escalations.rules.policy import Severity
from escalations.rules.snooze import granted
from escalations.selectors.policies import policy_doc
from escalations.services import ladders
from escalations.services.recorder import Recorder

if TYPE_CHECKING:
    from escalations.services.change import Change

# A page that failed so often, 20 s after it should have left, reached nobody.
LOST_AFTER = 3
LOST = Q(sent_at=None, cancelled_at=None) & (
    Q(failed_at__isnull=False) | Q(attempts__gte=LOST_AFTER)
)
PROMISES = (ClockKindChoice.RESTORE, ClockKindChoice.RESOLUTION)


def answer_too(incident: Incident, by: User, recorder: Recorder) -> None:
    """One more answer that the level asks for: the owner stays, this person is a backup."""
    recorder.event(incident, "acknowledged", f"{by} answered too.", by=by)
    known = Responder.objects.filter(incident=incident, user=by, ended_at=None)
    if not known.exists():
        Responder.objects.create(
            incident=incident,
            role=Role.BACKUP,
            user=by,
            assigned_at=recorder.at,
            accepted_at=recorder.at,
        )
    ladders.halt_run(incident, by=by, recorder=recorder)


# --- snooze and hold ------------------------------------------------------------------------------
def snooze(change: Change) -> None:
    """The ladder sleeps until the granted instant, then pages who answers for its level then.
    Every clock runs on. Raises DomainError `no_ladder`, `in_past`."""
    incident, at = change.incident, change.at
    run = _live(incident)
    asked = _later(change.given("until"), at)
    doc = policy_doc(incident.policy_version_id)
    due = (
        incident.clocks.filter(kind__in=PROMISES, run_state="running", due_at__gt=at)
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )
    found = granted(asked, at, due, doc.limits)
    ladders.take(run, rules.halt(ladders.as_rule(run)))
    run.halted_at = run.halted_at or at
    run.snoozed_until = run.next_step_at = found.until
    run.held_until = None
    run.save()
    shortened = f", shortened from {asked:%d %b %H:%M}: {found.why}" if found.why else ""
    change.event(
        "snoozed",
        f"The ladder is snoozed until {found.until:%d %b %H:%M:%S} UTC{shortened}.",
        reason=change.given("reason") or "",
        detail={
            "asked": asked.isoformat(),
            "until": found.until.isoformat(),
            "shortened": found.why,
        },
    )


def hold_ladder(change: Change) -> None:
    """Nobody is paged before the instant named; then the run goes on where it stood. An S1 names
    a senior person who agrees. Raises DomainError `no_ladder`, `in_past`, `approver_missing`."""
    incident = change.incident
    run = _live(incident)
    until = _later(change.given("until"), change.at)
    approver = _approver(change) if incident.severity == Severity.S1 else None
    held = rules.hold(ladders.as_rule(run), until)
    if held.next_step_at is None:
        raise Conflict("no_ladder", f"Nothing is due on the ladder of {incident.key}.")
    ladders.take(run, held)
    run.held_until = until
    run.look_at = None
    run.save()
    agreed = f" {approver} agrees." if approver else ""
    change.event(
        "ladder_held",
        f"The ladder is on hold until {until:%d %b %H:%M} UTC.{agreed}",
        reason=change.given("reason") or "",
        detail={"until": until.isoformat(), "approver": approver.username if approver else None},
    )
    if approver is not None:
        change.recorder.notice(
            incident,
            approver,
            NoticeKind.NEWS,
            key=f"held:{incident.version}",
            headline="Its ladder is on hold in your name",
            why=f"{change.by} named you as the one who agrees: {change.given('reason')}",
        )


def _live(incident: Incident) -> LadderRun:
    run = ladders.live_run(incident)
    if run is None:
        raise Conflict("no_ladder", f"No ladder runs for {incident.key}.")
    return run


def _later(until: datetime, at: datetime) -> datetime:
    if until <= at:
        raise field_error("until", "in_past", "Name a time that is still to come.")
    return until


def _approver(change: Change) -> User:
    name = change.given("approver")
    person = User.objects.filter(username=name, is_active=True).first() if name else None
    if person is None or person.pk == change.by.pk:
        raise field_error(
            "approver", "approver_missing", "Name another person, a senior one, who agrees."
        )
    if not person.has_perm("escalations.confirm_containment"):
        raise field_error("approver", "approver_missing", f"{person} is no senior person.")
    return person


# --- looking while it waits -----------------------------------------------------------------------
def look(run: LadderRun, incident: Incident, recorder: Recorder) -> bool:
    """Page who came on call during the wait; go on at once where every page of the level was
    lost. False when there was nothing to do. The run and its incident are locked."""
    doc = policy_doc(incident.policy_version_id)
    if incident.state not in OPEN_STATES or run.state != LadderState.ACTIVE or not run.next_step_at:
        run.look_at = None
        run.save(update_fields=["look_at"])
        return False
    action = rules.nobody_reached if _is_lost(run) else rules.hand_over
    return bool(ladders.apply(run, incident, doc, recorder, action))


def _is_lost(run: LadderRun) -> bool:
    """Did every page of the present level fail for good, or often enough?"""
    pages = Notice.objects.filter(
        step__run=run, step__cycle=run.cycle, step__level=run.level, kind=NoticeKind.PAGE
    )
    return run.level > 0 and pages.exists() and not pages.exclude(LOST).exists()
