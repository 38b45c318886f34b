"""What a new severity does to a ladder that climbs or rests (SEMANTICS 2.2.7)."""

from __future__ import annotations

from datetime import timedelta

from accounts.models import User
from escalations.models import Incident, Storm
from escalations.models.ladders import LadderState
from escalations.models.notices import NoticeKind
from escalations.rules import ladder as rules
from escalations.rules.lifecycle import UNANSWERED
from escalations.rules.policy import LadderStart, Severity
from escalations.selectors.policies import policy_doc
from escalations.services.automation_keeping import is_kept, keep_step
from escalations.services.ladders import (
    SETTLED,
    as_rule,
    cancel_run,
    ladder_name,
    live_run,
    restart_run,
    sleep_on_answer,
    start_run,
    take,
)
from escalations.services.notices import cancel_pending
from escalations.services.recorder import Recorder


def follow_raise(incident: Incident, recorder: Recorder, severity: Severity) -> None:
    """Raised: the new ladder from its first level. Where somebody answered already, they are
    informed, the first level is paged, and the run rests on their answer (SEMANTICS 2.2.7)."""
    reason = f"severity raised to {severity.label}"
    if is_silent(incident):
        return
    if incident.state in UNANSWERED:
        restart_run(incident, recorder, reason=reason)
        return
    if incident.state in SETTLED:
        return
    owner = incident.commander
    acked = {*(owner and [owner.pk] or []), *(run.acked if (run := live_run(incident)) else [])}
    cancel_run(incident, recorder)
    run = start_run(incident, recorder, reason=reason, acked=acked)
    if run is None or run.state != LadderState.ACTIVE:
        return
    pause = recorder.pauses.of_run(run, incident) if is_kept(run) else None
    take(run, rules.halt(as_rule(run)))
    sleep_on_answer(run, incident, policy_doc(incident.policy_version_id), recorder)
    if pause is not None:
        keep_step(run, incident, pause, recorder, with_jump=True)
        run.save()
    for person in User.objects.filter(pk__in=acked):
        recorder.notice(
            incident,
            person,
            NoticeKind.NEWS,
            key=f"raised:{run.number}",
            headline=f"Now {severity.label}",
            why="you answered this incident: you are informed, not paged again.",
        )


def is_silent(incident: Incident) -> bool:
    """Was it held back in a storm that lasts, and has nobody paged for it since?"""
    if incident.held_by_id is None or live_run(incident) is not None:
        return False
    return Storm.objects.filter(pk=incident.held_by_id, ended_at=None).exists()


def follow_lowering(incident: Incident, recorder: Recorder) -> None:
    """Lowered: the wait runs on and the next step is the new ladder's. Where the new severity
    pages nobody before its answer is late, the run ends."""
    run = live_run(incident)
    if run is None:
        return
    doc = policy_doc(incident.policy_version_id)
    rule, name = doc.severities[Severity(incident.severity)], ladder_name(incident, doc)
    is_late = incident.clocks.filter(kind="response", outcome="missed").exists()
    is_patient = rule.ladder_start is LadderStart.ON_RESPONSE_BREACH and not is_late
    if name is None or name not in doc.ladders or (is_patient and run.state != LadderState.HALTED):
        cancel_run(incident, recorder)
        cancel_pending(incident, at=recorder.at, kinds=[NoticeKind.PAGE])
        return
    take(run, rules.move_to(as_rule(run), doc.ladders[name]))
    if run.state == LadderState.HALTED and not (run.snoozed_until or run.held_until):
        wait = rule.reescalate_after_ack_s
        run.next_step_at = recorder.at + timedelta(seconds=wait) if wait else None
        run.kept_due_at = None
    run.save()
