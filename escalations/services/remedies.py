"""What the remedy does: mitigate, contain, watch."""

from __future__ import annotations

from datetime import timedelta

from escalations.rules.lifecycle import State
from escalations.rules.policy import ClockKind, Severity
from escalations.selectors.policies import policy_doc
from escalations.services import clocks
from escalations.services.change import Change
from escalations.services.severity import MAJOR


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
