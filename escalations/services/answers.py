"""What answering does: triage, claim, acknowledge, verify."""

from __future__ import annotations

from accounts.models import Team
from config.lib.errors import field_error
from escalations.models.notices import NoticeKind
from escalations.rules.lifecycle import UNANSWERED, State, Verification
from escalations.rules.policy import ClockKind, Severity
from escalations.selectors.policies import policy_doc
from escalations.services import clocks, ladders, playbook_runs
from escalations.services.change import Change
from escalations.services.command import drop_handoff, make_commander, time_team
from escalations.services.course import change_severity
from escalations.services.ladder_waits import answer_too
from escalations.services.sorting import answer_category


def triage(change: Change) -> None:
    """Of a new incident its place; later on its category alone."""
    incident = change.incident
    is_new, old = incident.state == State.NEW, incident.category
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
    answer_category(incident, by=change.by, at=change.at)
    if not is_new:
        reason = change.given("reason") or (f"It was {old} before." if old else "")
        change.event("triaged", f"Sorted as {incident.category}.", reason=reason)
        return
    incident.state = State.TRIAGED
    incident.needs_severity_check = False
    change.event(
        "triaged",
        f"Triaged as {incident.category} for {incident.team}.",
        reason=change.given("reason") or "",
    )
    if change.given("severity"):
        change_severity(change, Severity[change.given("severity")])


def respond(change: Change) -> None:
    """Claim or acknowledge: both accept the incident and stop further paging."""
    incident, by = change.incident, change.by
    if not change.given("take_over") and ladders.awaits(incident, by):
        answer_too(incident, by, change.recorder)
        return
    is_repeat = incident.commander_id == by.pk and incident.accepted_at is not None
    if not is_repeat:
        _take(change)
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


def _take(change: Change) -> None:
    """The one who answers owns it; the one who was asked becomes backup."""
    incident, by = change.incident, change.by
    was_accepted = incident.accepted_at is not None
    drop_handoff(incident, change.recorder, reason=f"{by} took it")
    former = make_commander(incident, by, at=change.at, why="taking it")
    if former is not None and former.pk != by.pk and was_accepted:
        change.event("took_over", f"{by} took it over from {former}.")
    change.event("claimed", f"{by} owns it now.")
    time_team(incident, change.recorder, by=by)


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
