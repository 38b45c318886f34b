"""A new severity: what it does to the clocks and the ladder, by a person or by the machine."""

from __future__ import annotations

from accounts.models import User
from config.lib.queue import enqueue
from escalations.models import Incident
from escalations.rules.policy import Severity
from escalations.services import breaches, clocks, ladder_severity
from escalations.services.recorder import Recorder

MAJOR = Severity.S2
FOLLOW = "escalations.tasks.storms.follow"


def apply_severity(
    incident: Incident, severity: Severity, recorder: Recorder, *, by: User | None, reason: str
) -> None:
    """Clocks get new targets; a raise also climbs the new ladder from its first level, and
    the first of its group follows."""
    before = Severity(incident.severity)
    is_raise = severity < before
    incident.severity = severity
    incident.explanation["why_severity"] = (
        f"{severity.label} because {reason}"
        if reason
        else (f"{severity.label} set by {by}" if by else severity.label)
    )
    recorder.event(
        incident,
        "severity",
        f"Severity {'raised' if is_raise else 'lowered'} from {before.label} to {severity.label}.",
        by=by,
        reason=reason,
        detail={"from": before.label, "to": severity.label},
    )
    speaking = clocks.retarget_clocks(incident, is_raise=is_raise, by=by, recorder=recorder)
    if is_raise and incident.parent_id is not None:
        enqueue(FOLLOW, incident.number)
    if is_raise and severity <= MAJOR:
        ladder_severity.follow_raise(incident, recorder, severity)
    elif not is_raise:
        ladder_severity.follow_lowering(incident, recorder)
    for clock in speaking:
        breaches.settle(clock, incident, recorder)
