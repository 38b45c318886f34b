"""A promise found broken: recorded, told, and answered by the ladder, in the change that finds it.

The sweep finds what time broke. A change of the promise itself (a severity, a start taken over, a
repair) can break it too, and then says so at once (SEMANTICS 1.4).
"""

from __future__ import annotations

from escalations.models import Clock, ClockMark, Incident
from escalations.models.clocks import ClockKindChoice, MarkKind
from escalations.rules.lifecycle import OPEN_STATES
from escalations.rules.policy import LadderStart, Severity
from escalations.selectors.policies import policy_doc
from escalations.services import clocks, ladder_severity, ladders
from escalations.services.recorder import Recorder

CLIMBS = frozenset({ClockKindChoice.RESTORE.value, ClockKindChoice.RESOLUTION.value})


def settle(clock: Clock, incident: Incident, recorder: Recorder) -> list[ClockMark]:
    """What this locked clock has to say now, said; a breach climbs (SEMANTICS 2.2.6). Saves it."""
    clock.incident = incident
    marks = clocks.mark_due(clock, recorder.at, recorder)
    clock.save()
    if any(mark.kind == MarkKind.BREACH for mark in marks) and incident.state in OPEN_STATES:
        _climb(clock, incident, recorder)
    return marks


def _climb(clock: Clock, incident: Incident, recorder: Recorder) -> None:
    if clock.kind in CLIMBS:
        ladders.jump(incident, recorder)
        return
    if clock.kind != ClockKindChoice.RESPONSE or ladders.live_run(incident) is not None:
        return
    rule = policy_doc(incident.policy_version_id).severities[Severity(incident.severity)]
    is_patient = rule.ladder_start is LadderStart.ON_RESPONSE_BREACH
    if is_patient and not ladder_severity.is_silent(incident):
        ladders.start_run(incident, recorder, reason="nobody answered in time")
