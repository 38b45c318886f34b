"""Climbing in the database: one active run per incident, steps and pages written together."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max

from accounts.models import User
from escalations.models import Incident, LadderRun, LadderStep, TimelineEvent
from escalations.models.ladders import LIVE
from escalations.models.notices import NoticeKind
from escalations.rules import ladder as rules
from escalations.rules.lifecycle import UNANSWERED, State
from escalations.rules.policy import Ladder, PolicyDoc, Severity
from escalations.selectors.ladders import resolver
from escalations.selectors.policies import policy_doc
from escalations.services.recorder import Recorder

# After these nobody is woken for silence any more: the harm is contained.
SETTLED = frozenset({State.CONTAINED, State.MONITORING})


def ladder_name(incident: Incident, doc: PolicyDoc) -> str | None:
    """The ladder the routing rule named, else the severity's."""
    return incident.explanation.get("ladder") or doc.severities[Severity(incident.severity)].ladder


def ladder_of(run: LadderRun, doc: PolicyDoc) -> Ladder:
    return doc.ladders[run.ladder]


def _as_rule(run: LadderRun) -> rules.RunState:
    return rules.RunState(
        ladder=run.ladder,
        started_at=run.started_at,
        state=rules.RunStateName(run.state),
        cycle=run.cycle,
        level=run.level,
        next_step_at=run.next_step_at,
        pages_total=run.pages_total,
        paged=frozenset(run.paged),
        fallbacks=run.fallbacks,
    )


def _take(run: LadderRun, state: rules.RunState) -> None:
    run.state = state.state.value
    run.cycle, run.level = state.cycle, state.level
    run.next_step_at = state.next_step_at
    run.pages_total, run.fallbacks = state.pages_total, state.fallbacks
    run.paged = sorted(state.paged)


def live_run(incident: Incident) -> LadderRun | None:
    return LadderRun.objects.select_for_update().filter(incident=incident, state__in=LIVE).first()


def start_run(incident: Incident, recorder: Recorder, *, reason: str = "") -> LadderRun | None:
    """Begin to climb now; the first level is paged in this very change."""
    doc = policy_doc(incident.policy_version_id)
    name = ladder_name(incident, doc)
    if name is None or name not in doc.ladders:
        return None
    last = incident.ladder_runs.aggregate(last=Max("number"))["last"] or 0
    state = rules.start(doc.ladders[name], recorder.at)
    run = LadderRun(
        incident=incident,
        number=last + 1,
        ladder=name,
        started_at=recorder.at,
        drill_id=incident.drill_id,
    )
    _take(run, state)
    run.save(force_insert=True)
    _apply(run, incident, doc, recorder, rules.climb, reason)
    return run


def _apply(
    run: LadderRun, incident: Incident, doc: PolicyDoc, recorder: Recorder, action, reason: str = ""
) -> tuple[rules.Step, ...]:
    """Let the rule take its steps, then store the run, the steps, the pages and the story."""
    state, steps = action(_as_rule(run), ladder_of(run, doc), resolver(incident), recorder.at)
    _take(run, state)
    run.save()
    if not steps:
        return ()
    people = User.objects.in_bulk({person for step in steps for person in step.people})
    seq = run.steps.aggregate(last=Max("seq"))["last"] or 0
    rows = []
    for step in steps:
        for person in step.people or (None,):
            seq += 1
            rows.append(
                LadderStep(
                    run=run,
                    seq=seq,
                    kind=step.kind.value,
                    cycle=step.cycle,
                    level=step.level,
                    person_id=person,
                    channel="email" if person else "",
                    due_at=step.at_due,
                    at=recorder.at,
                    late_by_s=step.late_by_s,
                    reason=(reason or step.reason)[:200],
                )
            )
        _tell(run, incident, step, people, recorder, reason)
    LadderStep.objects.bulk_create(rows)
    return steps


def _tell(
    run: LadderRun,
    incident: Incident,
    step: rules.Step,
    people: dict[int, User],
    recorder: Recorder,
    reason: str,
) -> None:
    where = f"level {step.level}" if step.level else "the fallback"
    names = ", ".join(str(people[person]) for person in step.people if person in people)
    late = f" {step.late_by_s} s after it was due" if step.late_by_s > rules.ON_TIME_S else ""
    sentence = f"Paged {names} ({where}){late}." if names else f"Nobody to page on {where}."
    recorder.event(
        incident,
        f"ladder_{step.kind.value}",
        sentence,
        at=step.at_due if step.late_by_s else None,
        reason=reason or step.reason,
        detail={
            "ladder": run.ladder,
            "level": step.level,
            "cycle": step.cycle,
            "late_by_s": step.late_by_s,
            "policy": incident.explanation.get("policy", ""),
        },
    )
    for person in step.people:
        if person not in people:
            continue
        recorder.notice(
            incident,
            people[person],
            NoticeKind.PAGE,
            key=f"ladder:{run.number}:{step.kind.value}:{step.cycle}:{step.level}:"
            f"{int(step.at_due.timestamp())}",
            headline="Please acknowledge" if incident.accepted_at is None else "For your attention",
            why=f"you are on {where} of ladder {run.ladder}: {step.reason}.",
            lines=(f"Answer: {_deadline(incident)}",) if incident.next_due_at else (),
        )


def _deadline(incident: Incident) -> str:
    return f"next deadline {incident.next_due_at:%d %b %Y %H:%M} UTC."


def halt_run(incident: Incident, *, by: User | None, recorder: Recorder) -> None:
    """Somebody acknowledged. If the policy says so, silence wakes the ladder again later."""
    run = live_run(incident)
    if run is None or run.state == "halted":
        return
    doc = policy_doc(incident.policy_version_id)
    _take(run, rules.halt(_as_rule(run)))
    run.halted_at = recorder.at
    wait = doc.severities[Severity(incident.severity)].reescalate_after_ack_s
    run.next_step_at = recorder.at + timedelta(seconds=wait) if wait else None
    run.save()
    recorder.event(incident, "ladder_halted", "The ladder stopped: somebody answered.", by=by)


def cancel_run(incident: Incident, recorder: Recorder) -> None:
    run = live_run(incident)
    if run is not None:
        _take(run, rules.cancel(_as_rule(run)))
        run.ended_at = recorder.at
        run.save()


def restart_run(incident: Incident, recorder: Recorder, *, reason: str) -> None:
    """A new run on the present policy and severity, from level 1."""
    cancel_run(incident, recorder)
    start_run(incident, recorder, reason=reason)


def jump(incident: Incident, recorder: Recorder) -> None:
    """A restore or resolution clock broke: any breach escalates (SEMANTICS 2.2.6)."""
    run = live_run(incident)
    if run is None:
        start_run(incident, recorder, reason="a clock breached")
        return
    _apply_keeping_expiry(run, incident, recorder, rules.jump)


def escalate(incident: Incident, recorder: Recorder, *, reason: str) -> None:
    run = live_run(incident)
    if run is None:
        start_run(incident, recorder, reason=reason)
        return
    _apply_keeping_expiry(run, incident, recorder, rules.escalate_now, reason)


def _apply_keeping_expiry(
    run: LadderRun, incident: Incident, recorder: Recorder, action, reason: str = ""
) -> None:
    """A halted run keeps its acknowledgement and the time at which silence ends it."""
    expiry = run.next_step_at if run.state == "halted" else None
    doc = policy_doc(incident.policy_version_id)
    _apply(run, incident, doc, recorder, action, reason)
    if run.state == "halted" and run.next_step_at != expiry:
        run.next_step_at = expiry
        run.save(update_fields=["next_step_at"])


def settle_run(run: LadderRun, at: datetime, recorder: Recorder) -> None:
    """Take the steps that are due of a locked run: climb, or judge the commander's silence."""
    incident = run.incident
    doc = policy_doc(incident.policy_version_id)
    if run.state != "halted":
        _apply(run, incident, doc, recorder, rules.climb)
        return
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
        level, due = _level_of(run, incident), silent_since + wait

        def resume(state, ladder, resolve, now):
            return rules.resume_after_ack_expiry(state, ladder, resolve, now, level=level, due=due)

        _apply(run, incident, doc, recorder, resume)
        return
    run.save(update_fields=["next_step_at"])


def _level_of(run: LadderRun, incident: Incident) -> int:
    """The level on which the commander was paged, else the one reached."""
    step = (
        run.steps.filter(person=incident.commander_id, level__gt=0)
        .order_by("-seq")
        .values_list("level", flat=True)
        .first()
    )
    return step or max(run.level, 1)
