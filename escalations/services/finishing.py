"""The end of every change of an incident."""

from __future__ import annotations

from escalations.models import Incident
from escalations.rules.lifecycle import State
from escalations.services.clocks import refresh_queue_fields
from escalations.services.incidents import why_sentence
from escalations.services.recorder import Recorder


def finish(incident: Incident, recorder: Recorder, *, before: str) -> None:
    """The end of every change of an incident, by people or machine."""
    target = incident.state
    if target != before:
        recorder.event(
            incident,
            "state",
            f"{State(before).name.capitalize()} to {State(target).name.lower()}.",
            detail={"from": before, "to": target},
        )
    incident.version += 1
    incident.updated_at = recorder.at
    refresh_queue_fields(incident)
    incident.explanation["why"] = why_sentence(incident)
    # The history is for auditors and holds people's and rules' changes, not every sweep. Openings
    # are inserted in bulk (signals come in bursts) and have no row there: the timeline has them.
    if not incident.is_recorded_change:
        incident.skip_history_when_saving = True
    incident._history_date = recorder.at
    incident._change_reason = recorder.why(incident)
    incident.save()
    if hasattr(incident, "skip_history_when_saving"):
        del incident.skip_history_when_saving
    recorder.write()
