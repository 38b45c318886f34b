"""How an incident ends, and comes back: resolve, close, reopen, cancel."""

from __future__ import annotations

from datetime import timedelta

from accounts.models import User
from escalations.models import Incident
from escalations.rules.lifecycle import State
from escalations.rules.policy import ClockKind, Severity
from escalations.selectors.hours import calendar_version
from escalations.selectors.policies import policy_doc
from escalations.services import clocks, ladders, notices, playbook_runs, reviews
from escalations.services.change import Change, second_person
from escalations.services.command import drop_handoff
from escalations.services.course import publish
from escalations.services.recorder import Recorder
from escalations.services.severity import MAJOR

CLOSE_AFTER = timedelta(hours=72)


def resolve(change: Change) -> None:
    incident = change.incident
    if change.given("final_update"):
        publish(change, change.given("final_update"), is_last=True)
    incident.resolution_code = change.given("resolution_code")
    incident.cause_category = change.given("cause_category")
    change.event(
        "resolved",
        f"Resolved: {incident.resolution_code}, cause {incident.cause_category}.",
        reason=change.given("waiver") or "",
    )
    incident.resolved_by = change.by
    settle_as_resolved(incident, change.recorder, by=change.by)


def settle_as_resolved(incident: Incident, recorder: Recorder, *, by: User | None) -> None:
    """What every resolving does, by a person or by the source."""
    incident.state = State.RESOLVED
    incident.resolved_at = recorder.at
    is_major = incident.severity <= MAJOR
    incident.close_due_at = None if is_major else recorder.at + CLOSE_AFTER
    clocks.stop_clocks(incident, at=recorder.at, by=by, recorder=recorder)
    ladders.cancel_run(incident, recorder)
    drop_handoff(incident, recorder, reason="the incident is resolved")
    notices.cancel_pending(incident, at=recorder.at)
    playbook_runs.end_with_incident(incident, recorder, by=by, reason="The incident is resolved.")
    reviews.open_review(incident, recorder, by=by)


def void(change: Change, reason: str, sentence: str) -> None:
    """It counts nowhere: clocks without a result, no ladder, nothing more to send. `reason` goes
    to the clocks, `sentence` to people."""
    incident, recorder = change.incident, change.recorder
    clocks.cancel_clocks(incident, reason=reason, at=change.at, recorder=recorder)
    ladders.cancel_run(incident, recorder)
    drop_handoff(incident, recorder, reason=sentence)
    notices.cancel_pending(incident, at=change.at)
    playbook_runs.end_with_incident(incident, recorder, by=change.by, reason=sentence)
    incident.is_void = True


def close(change: Change) -> None:
    incident = change.incident
    if incident.state == State.VERIFYING:
        void(change, "data_fault", "The incident is closed.")
        reviews.void_review(incident, change.recorder, "The data was at fault: nothing happened.")
    else:
        reviews.review_closing(
            incident, change.recorder, by=change.by, waiver=change.given("review_waiver") or ""
        )
    incident.state = State.CLOSED
    incident.closed_at = change.at
    incident.close_due_at = None
    change.event(
        "closed",
        "Closed as a data fault." if incident.is_void else "Closed.",
        reason=change.given("review_waiver") or change.given("comment") or "",
    )


def reopen(change: Change) -> None:
    change.event("reopened", "Reopened.", reason=change.given("reason"))
    settle_as_reopened(
        change.incident, change.recorder, by=change.by, reason=change.given("reason")
    )


def settle_as_reopened(
    incident: Incident, recorder: Recorder, *, by: User | None, reason: str
) -> None:
    """Resolution goes on where it stood, updates are owed again, the ladder starts anew."""
    doc = policy_doc(incident.policy_version_id)
    incident.state = State.REOPENED
    incident.reopen_count += 1
    incident.resolved_at = incident.resolved_by = None
    incident.resolved_by_source = False
    incident.closed_at = incident.close_due_at = None
    incident.contained_at = incident.contained_by = None
    incident.containment_proposed_at = incident.containment_proposed_by = None
    incident.accepted_at = None
    incident.verification = ""
    incident.verified_at = incident.verified_by = None
    incident.resolution_code = incident.cause_category = ""
    for clock in incident.clocks.select_for_update().filter(run_state="stopped").order_by("pk"):
        if clock.kind in (ClockKind.RESOLUTION.value, ClockKind.CADENCE.value):
            calendar = calendar_version(
                incident, is_business=clock.calendar_id is not None, at=recorder.at
            )
            clocks.log(
                clock,
                "reopen",
                at=recorder.at,
                doc=doc,
                recorded_at=recorder.at,
                by=by,
                mode="continue" if clock.kind == ClockKind.RESOLUTION.value else "",
                calendar=calendar,
                is_always_open=calendar is None,
            )
    if incident.severity <= MAJOR:
        clocks.start_clock(incident, ClockKind.RESTORE, started_at=recorder.at, recorder=recorder)
    ladders.restart_run(incident, recorder, reason=f"reopened: {reason}"[:200])


def cancel(change: Change) -> None:
    incident = change.incident
    if incident.severity == Severity.S1 and not second_person(change, "cancelling"):
        return
    reason = change.given("reason")
    void(change, "cancelled", "The incident is cancelled.")
    reviews.void_review(incident, change.recorder, f"The incident was cancelled: {reason}")
    incident.state = State.CANCELLED
    change.event("cancelled", "Cancelled.", reason=reason)
