"""Who commands an incident, for which team, and the hand-off that waits meanwhile."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from escalations.models import Handoff, Incident, Responder
from escalations.models.incidents import Role
from escalations.rules.policy import ClockKind, Severity
from escalations.selectors.policies import policy_doc
from escalations.services import clocks
from escalations.services.recorder import Recorder


def make_commander(incident: Incident, person: User, *, at: datetime, why: str) -> User | None:
    """`person` owns it, accepted; who owned it or was asked stays as backup. Returns the former.

    `why` completes "Ada because of ...".
    """
    former = incident.commander
    rows = Responder.objects.filter(incident=incident, ended_at=None)
    rows.filter(role=Role.COMMANDER).update(ended_at=at)
    rows.filter(role=Role.BACKUP, user=person).update(ended_at=at)
    Responder.objects.create(
        incident=incident, role=Role.COMMANDER, user=person, assigned_at=at, accepted_at=at
    )
    if former is not None and former.pk != person.pk:
        if not rows.filter(role=Role.BACKUP, user=former).exists():
            Responder.objects.create(
                incident=incident, role=Role.BACKUP, user=former, assigned_at=at
            )
    incident.commander = person
    incident.accepted_at = at
    incident.explanation["why_owner"] = f"{person} because of {why}"
    return former


def drop_handoff(incident: Incident, recorder: Recorder, *, reason: str) -> None:
    """The incident moved on without an answer: what was asked goes back."""
    dropped = (
        Handoff.objects.pending()
        .filter(incident=incident)
        .update(returned_at=recorder.at, expires_at=None, reason=reason[:500])
    )
    if dropped:
        recorder.event(incident, "handoff_returned", "The hand-off is off.", reason=reason)


def time_team(
    incident: Incident, recorder: Recorder, *, by: User | None, is_new_team: bool = False
) -> None:
    """The team's own clock: one per assignment, from its first acceptance to the next hand-over.
    Nothing where the policy has no target for teams."""
    doc = policy_doc(incident.policy_version_id)
    if ClockKind.OLA not in doc.severities[Severity(incident.severity)].targets:
        if not is_new_team:
            return
    if is_new_team:
        clocks.stop_clocks(incident, ClockKind.OLA, at=recorder.at, by=by, recorder=recorder)
    if incident.team_id and not clocks.live_clocks(incident, ClockKind.OLA):
        clocks.start_clock(incident, ClockKind.OLA, started_at=recorder.at, recorder=recorder)
