"""What keeps an incident on its course: waits, climbing, severity, updates and notes."""

from __future__ import annotations

from datetime import timedelta

from escalations.rules.policy import ClockKind, Severity
from escalations.selectors.policies import policy_doc
from escalations.services import clocks, ladders, letters
from escalations.services.change import Change, second_person
from escalations.services.severity import apply_severity

# A team does not answer for a customer's wait either.
WAITING = (ClockKind.RESTORE, ClockKind.RESOLUTION, ClockKind.OLA)


def pause(change: Change) -> None:
    incident = change.incident
    doc = policy_doc(incident.policy_version_id)
    awaiting = change.given("awaiting")
    check_at = change.given("next_check_at") or change.at + timedelta(days=1)
    reason = change.given("reason")
    paused = []
    for clock in clocks.live_clocks(incident, *WAITING):
        clock.awaiting, clock.check_at = awaiting, check_at
        clocks.mark_due(clock, change.at, change.recorder)
        clock.awaiting, clock.check_at, clock.chase_at = awaiting, check_at, check_at
        clocks.log(
            clock,
            "pause",
            at=change.at,
            doc=doc,
            recorded_at=change.at,
            by=change.by,
            reason=reason,
        )
        paused.append(clock.get_kind_display())
    change.event(
        "paused",
        f"{' and '.join(paused) or 'No'} clock paused: waiting for {awaiting}.",
        reason=reason,
        detail={"awaiting": awaiting, "next_check_at": check_at.isoformat()},
    )


def resume(change: Change) -> None:
    incident = change.incident
    doc = policy_doc(incident.policy_version_id)
    for clock in clocks.live_clocks(incident, *WAITING):
        if clock.run_state == "paused":
            clocks.log(
                clock,
                "resume",
                at=change.at,
                doc=doc,
                recorded_at=change.at,
                by=change.by,
                reason=change.given("reason") or "",
            )
    change.event("resumed", "The wait is over.", reason=change.given("reason") or "")


def escalate(change: Change) -> None:
    change.event("escalated", "Escalated by hand.", reason=change.given("reason"))
    ladders.escalate(change.incident, change.recorder, reason=change.given("reason"))


def set_severity(change: Change) -> None:
    change_severity(change, Severity[change.given("severity")])


def change_severity(change: Change, severity: Severity) -> None:
    incident = change.incident
    before = Severity(incident.severity)
    incident.needs_severity_check = False
    if severity == before:
        return
    reason = change.given("reason") or ""
    if before is Severity.S1 and severity > before and not second_person(change, severity.label):
        return
    apply_severity(incident, severity, change.recorder, by=change.by, reason=reason)


def update(change: Change) -> None:
    publish(change, change.given("text"))


def publish(change: Change, text: str, *, is_last: bool = False) -> None:
    """`is_last`: no further update is promised."""
    incident = change.incident
    doc = policy_doc(incident.policy_version_id)
    written = letters.write(change, text, is_last=is_last)
    change.event("update", text, is_public=True, detail={"written to": ", ".join(written)})
    for clock in clocks.live_clocks(incident, ClockKind.CADENCE):
        clocks.mark_due(clock, change.at, change.recorder)
        clocks.log(clock, "update", at=change.at, doc=doc, recorded_at=change.at, by=change.by)


def note(change: Change) -> None:
    change.event("note", change.given("text"))
