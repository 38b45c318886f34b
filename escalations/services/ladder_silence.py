"""What is due on a ladder: the next step, or a look whether the owner is still there."""

from __future__ import annotations

from datetime import datetime, timedelta

from escalations.models import Incident, LadderRun, TimelineEvent
from escalations.rules import ladder as rules
from escalations.rules.lifecycle import UNANSWERED
from escalations.rules.policy import Severity
from escalations.selectors.policies import policy_doc
from escalations.services.automation_keeping import go_on
from escalations.services.ladders import SETTLED, apply, apply_keeping_expiry
from escalations.services.recorder import Recorder


def settle_run(run: LadderRun, at: datetime, recorder: Recorder) -> None:
    """Take the steps that are due of a locked run: climb, or judge the commander's silence."""
    incident = run.incident
    doc = policy_doc(incident.policy_version_id)
    with_jump = go_on(run)
    if run.state != "halted":
        action = rules.after_pause if with_jump else rules.climb
        apply(run, incident, doc, recorder, action)
        return
    if with_jump:
        apply_keeping_expiry(run, incident, recorder, rules.beside_answer)
    if run.next_step_at is None or run.next_step_at > at:
        run.save()  # it only woke for what a pause kept
        return
    if run.snoozed_until is not None and incident.state not in SETTLED:
        recorder.event(incident, "snooze_ended", "The snooze is over.", at=run.snoozed_until)
        _resume(run, incident, recorder, max(run.level, 1), run.snoozed_until, "a snooze ended")
        return
    run.snoozed_until = None
    wait = timedelta(seconds=doc.severities[Severity(incident.severity)].reescalate_after_ack_s)
    last = (
        TimelineEvent.objects.filter(incident=incident, actor=incident.commander_id)
        .order_by("-recorded_at")
        .values_list("recorded_at", flat=True)
        .first()
    )
    silent_since = max(filter(None, (last, run.halted_at)))
    if incident.state in SETTLED or not wait:
        run.next_step_at = None
    elif silent_since + wait > at:
        run.next_step_at = silent_since + wait
    elif incident.state in UNANSWERED:
        run.next_step_at = None
    else:
        recorder.event(
            incident,
            "ack_expired",
            f"No sign of the owner for {int(wait.total_seconds() // 60)} min: climbing again.",
            at=silent_since + wait,
        )
        _resume(run, incident, recorder, _level_of(run, incident), silent_since + wait)
        return
    run.save(update_fields=["next_step_at", "snoozed_until"])


def _resume(
    run: LadderRun,
    incident: Incident,
    recorder: Recorder,
    level: int,
    due: datetime,
    why: str = "",
) -> None:
    """Climb again from a level, paging who answers for it now."""

    def resume(state, ladder, resolve, now, quiet):
        return rules.resume_after_ack_expiry(
            state, ladder, resolve, now, quiet, level=level, due=due, why=why
        )

    apply(run, incident, policy_doc(incident.policy_version_id), recorder, resume)


def _level_of(run: LadderRun, incident: Incident) -> int:
    """The level on which the commander was paged, else the one reached."""
    step = (
        run.steps.filter(person=incident.commander_id, level__gt=0)
        .order_by("-seq")
        .values_list("level", flat=True)
        .first()
    )
    return step or max(run.level, 1)
