"""What each verb does once every guard agreed. One function a verb, in the order of the table.

An effect changes the locked incident in memory and writes what hangs on it; the mover saves the
incident, the timeline and the notices afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Team, User
from config.lib.errors import field_error
from escalations.models import Incident, Responder, TimelineEvent
from escalations.models.incidents import Role
from escalations.models.notices import NoticeKind
from escalations.rules.lifecycle import UNANSWERED, Situation, State, Verb, Verification
from escalations.rules.policy import ClockKind, Severity
from escalations.selectors.policies import policy_doc
from escalations.services import clocks, ladders, notices, playbook_runs, reviews
from escalations.services.ladder_waits import answer_too, hold_ladder, snooze
from escalations.services.recorder import Recorder
from escalations.services.severity import MAJOR, apply_severity

CLOSE_AFTER = timedelta(hours=72)
SECOND_PERSON_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Change:
    incident: Incident
    situation: Situation
    by: User
    recorder: Recorder

    @property
    def at(self) -> datetime:
        return self.recorder.at

    def given(self, name: str) -> Any:
        return self.situation.given.get(name)

    def event(self, kind: str, sentence: str, **more: Any) -> None:
        self.recorder.event(self.incident, kind, sentence, by=self.by, **more)


def triage(change: Change) -> None:
    incident = change.incident
    if change.given("category"):
        doc = policy_doc(incident.policy_version_id)
        if change.given("category") not in doc.categories:
            raise field_error(
                "category",
                "unknown_category",
                f"The policy knows {', '.join(sorted(doc.categories))}.",
            )
        incident.category = change.given("category")
    if change.given("team"):
        team = Team.objects.filter(code=change.given("team")).first()
        if team is None:
            raise field_error("team", "unknown_team", "There is no team with this code.")
        incident.team = team
    incident.state = State.TRIAGED
    incident.needs_severity_check = False
    change.event(
        "triaged",
        f"Triaged as {incident.category} for {incident.team}.",
        reason=change.given("reason") or "",
    )
    if change.given("severity"):
        _set_severity(change, Severity[change.given("severity")])


def respond(change: Change) -> None:
    """Claim or acknowledge: both accept the incident and stop further paging."""
    incident, by = change.incident, change.by
    if not change.given("take_over") and ladders.awaits(incident, by):
        answer_too(incident, by, change.recorder)
        return
    is_repeat = incident.commander_id == by.pk and incident.accepted_at is not None
    if not is_repeat:
        _make_commander(change)
    if incident.state in UNANSWERED:
        first = incident.acknowledged_at is None
        incident.state = State.ACKNOWLEDGED
        if first:
            incident.acknowledged_at, incident.acknowledged_by = change.at, by
        change.event("acknowledged", f"{by} acknowledged it.")
        clocks.stop_clocks(
            incident, ClockKind.RESPONSE, at=change.at, by=by, recorder=change.recorder
        )
    # Silence or a lost owner may have woken the ladder again: any answer stops it.
    ladders.halt_run(incident, by=by, recorder=change.recorder)


def _make_commander(change: Change) -> None:
    """The one who answers owns it; the one who was asked becomes backup."""
    incident, by, at = change.incident, change.by, change.at
    former = incident.commander
    was_accepted = incident.accepted_at is not None
    Responder.objects.filter(incident=incident, role=Role.COMMANDER, ended_at=None).update(
        ended_at=at
    )
    Responder.objects.create(
        incident=incident, role=Role.COMMANDER, user=by, assigned_at=at, accepted_at=at
    )
    if former is not None and former.pk != by.pk:
        Responder.objects.create(incident=incident, role=Role.BACKUP, user=former, assigned_at=at)
        change.event("took_over", f"{by} took it over from {former}.") if was_accepted else None
    incident.commander = by
    incident.accepted_at = at
    incident.explanation["why_owner"] = f"{by} because of taking it"
    change.event("claimed", f"{by} owns it now.")


def verify(change: Change) -> None:
    incident = change.incident
    outcome = Verification(change.given("outcome"))
    incident.state = State.VERIFYING
    incident.verification = outcome.value
    incident.verified_at, incident.verified_by = change.at, change.by
    sentences = {
        Verification.CONFIRMED: "The data is right: the problem is real.",
        Verification.DATA_FAULT: "The data is at fault.",
        Verification.INCONCLUSIVE: "The check is inconclusive: the fallback plan starts.",
    }
    change.event(
        "verified",
        sentences[outcome],
        reason=change.given("evidence") or "",
        detail={"outcome": outcome.value, "fallback": change.given("fallback") or ""},
    )
    if outcome is Verification.DATA_FAULT:
        playbook_runs.end_on_data_fault(incident, change.recorder, by=change.by)
    steward = incident.kpi.steward if incident.kpi else None
    if outcome is Verification.DATA_FAULT and steward is not None:
        change.recorder.notice(
            incident,
            steward,
            NoticeKind.NEWS,
            key=f"data-fault:{incident.version}",
            headline="Confirm a data fault",
            why=f"you are the data steward of {incident.kpi}: closing a data fault is yours.",
        )


def mitigate(change: Change) -> None:
    incident = change.incident
    if incident.state in (State.CONTAINED, State.MONITORING):
        incident.contained_at = incident.contained_by = None
        incident.containment_proposed_at = incident.containment_proposed_by = None
        incident.monitor_until = None
        change.event("relapsed", "It came back.", reason=change.given("relapse_note"))
        clocks.start_clock(
            incident, ClockKind.RESTORE, started_at=change.at, recorder=change.recorder
        )
    else:
        plan = change.given("plan") or "By the playbook that runs."
        change.event("mitigating", "Work on the remedy began.", reason=plan)
    incident.state = State.MITIGATING


def propose_contain(change: Change) -> None:
    """S1 and S2 wait for a senior person; for S3 and S4 the owner's word is enough."""
    incident = change.incident
    incident.containment_proposed_at, incident.containment_proposed_by = change.at, change.by
    change.event(
        "containment_proposed",
        f"{change.by} proposes that it is contained.",
        reason=change.given("evidence"),
    )
    if incident.severity > MAJOR:
        confirm_contain(change)


def confirm_contain(change: Change) -> None:
    incident = change.incident
    incident.state = State.CONTAINED
    incident.contained_at, incident.contained_by = change.at, change.by
    change.event("contained", "Contained.", reason=change.given("comment") or "")
    clocks.stop_clocks(
        incident, ClockKind.RESTORE, at=change.at, by=change.by, recorder=change.recorder
    )


def monitor(change: Change) -> None:
    incident = change.incident
    doc = policy_doc(incident.policy_version_id)
    window = doc.severities[Severity(incident.severity)].monitor_window_s
    incident.state = State.MONITORING
    incident.monitor_until = change.at + timedelta(seconds=window)
    sign = change.given("recovery_kpi") or (incident.kpi.name if incident.kpi else "")
    change.event(
        "monitoring",
        f"Watching {sign} until {incident.monitor_until:%H:%M} UTC.",
        detail={"recovery": sign},
    )


def resolve(change: Change) -> None:
    incident = change.incident
    if change.given("final_update"):
        _publish(change, change.given("final_update"))
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
    notices.cancel_pending(incident, at=recorder.at)
    playbook_runs.end_with_incident(incident, recorder, by=by, reason="The incident is resolved.")
    reviews.open_review(incident, recorder, by=by)


def close(change: Change) -> None:
    incident = change.incident
    if incident.state == State.VERIFYING:
        clocks.cancel_clocks(incident, reason="data_fault", at=change.at, recorder=change.recorder)
        ladders.cancel_run(incident, change.recorder)
        notices.cancel_pending(incident, at=change.at)
        playbook_runs.end_with_incident(
            incident, change.recorder, by=change.by, reason="The incident is closed."
        )
        incident.is_void = True
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
            calendar = clocks.calendar_version(
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


def pause(change: Change) -> None:
    incident = change.incident
    doc = policy_doc(incident.policy_version_id)
    awaiting = change.given("awaiting")
    check_at = change.given("next_check_at") or change.at + timedelta(days=1)
    reason = change.given("reason")
    paused = []
    for clock in clocks.live_clocks(incident, ClockKind.RESTORE, ClockKind.RESOLUTION):
        clock.awaiting, clock.check_at = awaiting, check_at
        clocks.mark_due(clock, change.at, change.recorder)
        clock.awaiting, clock.check_at = awaiting, check_at
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
    for clock in clocks.live_clocks(incident, ClockKind.RESTORE, ClockKind.RESOLUTION):
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
    _set_severity(change, Severity[change.given("severity")])


def _set_severity(change: Change, severity: Severity) -> None:
    incident = change.incident
    before = Severity(incident.severity)
    incident.needs_severity_check = False
    if severity == before:
        return
    reason = change.given("reason") or ""
    if before is Severity.S1 and severity > before and not _second_person(change, severity.label):
        return
    apply_severity(incident, severity, change.recorder, by=change.by, reason=reason)


def _second_person(change: Change, what: str) -> bool:
    """An S1 is lowered or cancelled by two: the first proposes, another confirms within a day."""
    incident = change.incident
    kind = f"proposed_{what}"
    earlier = (
        TimelineEvent.objects.filter(
            incident=incident, kind=kind, recorded_at__gte=change.at - SECOND_PERSON_WITHIN
        )
        .exclude(actor=change.by)
        .exists()
    )
    if not earlier:
        change.event(
            kind,
            f"{change.by} proposes {what}; a second person must ask for the same.",
            reason=change.given("reason") or "",
        )
    return earlier


def update(change: Change) -> None:
    _publish(change, change.given("text"))


def _publish(change: Change, text: str) -> None:
    incident = change.incident
    doc = policy_doc(incident.policy_version_id)
    change.event("update", text, is_public=True)
    for clock in clocks.live_clocks(incident, ClockKind.CADENCE):
        clocks.mark_due(clock, change.at, change.recorder)
        clocks.log(clock, "update", at=change.at, doc=doc, recorded_at=change.at, by=change.by)


def note(change: Change) -> None:
    change.event("note", change.given("text"))


def cancel(change: Change) -> None:
    incident = change.incident
    if incident.severity == Severity.S1 and not _second_person(change, "cancelling"):
        return
    reason = change.given("reason")
    clocks.cancel_clocks(incident, reason="cancelled", at=change.at, recorder=change.recorder)
    ladders.cancel_run(incident, change.recorder)
    notices.cancel_pending(incident, at=change.at)
    playbook_runs.end_with_incident(
        incident, change.recorder, by=change.by, reason="The incident is cancelled."
    )
    reviews.void_review(incident, change.recorder, f"The incident was cancelled: {reason}")
    incident.state = State.CANCELLED
    incident.is_void = True
    change.event("cancelled", "Cancelled.", reason=reason)


EFFECTS: dict[Verb, Callable[[Change], None]] = {
    Verb.TRIAGE: triage,
    Verb.CLAIM: respond,
    Verb.ACKNOWLEDGE: respond,
    Verb.VERIFY: verify,
    Verb.MITIGATE: mitigate,
    Verb.PROPOSE_CONTAIN: propose_contain,
    Verb.CONFIRM_CONTAIN: confirm_contain,
    Verb.MONITOR: monitor,
    Verb.RESOLVE: resolve,
    Verb.CLOSE: close,
    Verb.REOPEN: reopen,
    Verb.PAUSE: pause,
    Verb.RESUME: resume,
    Verb.ESCALATE: escalate,
    Verb.SNOOZE: snooze,
    Verb.HOLD_LADDER: hold_ladder,
    Verb.SET_SEVERITY: set_severity,
    Verb.UPDATE: update,
    Verb.NOTE: note,
    Verb.CANCEL: cancel,
}
