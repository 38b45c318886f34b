"""Climbing in the database: one active run per incident, steps and pages written together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max

from accounts.models import User
from config.lib.errors import Conflict
from escalations.models import Incident, LadderRun, LadderStep
from escalations.models.ladders import LIVE, LadderState
from escalations.models.notices import NoticeKind
from escalations.rules import ladder as rules
from escalations.rules.ladder_reach import Quiet, Resolve
from escalations.rules.lifecycle import State
from escalations.rules.policy import Ladder, Level, PolicyDoc, Severity
from escalations.selectors.ladders import next_look, quiet_for, resolver, was_asked
from escalations.selectors.policies import policy_doc
from escalations.services.notices import cancel_pending
from escalations.services.page_limits import IN_QUIET_HOURS
from escalations.services.recorder import Recorder

# After these nobody is woken for silence any more: the harm is contained.
SETTLED = frozenset({State.CONTAINED, State.MONITORING})


def ladder_name(incident: Incident, doc: PolicyDoc) -> str | None:
    """The ladder the routing rule named, else the severity's."""
    return incident.explanation.get("ladder") or doc.severities[Severity(incident.severity)].ladder


def ladder_of(run: LadderRun, doc: PolicyDoc) -> Ladder:
    return doc.ladders[run.ladder]


def as_rule(run: LadderRun) -> rules.RunState:
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
        acked=frozenset(run.acked),
    )


def take(run: LadderRun, state: rules.RunState) -> None:
    run.state = state.state.value
    run.cycle, run.level = state.cycle, state.level
    run.next_step_at = state.next_step_at
    run.pages_total, run.fallbacks = state.pages_total, state.fallbacks
    run.paged = sorted(state.paged)
    run.acked = sorted(state.acked)
    run.ladder = state.ladder
    if state.state is not rules.RunStateName.HALTED:
        run.snoozed_until = None
    if state.state is not rules.RunStateName.ACTIVE:
        run.look_at = None
    if state.next_step_at is None:
        run.held_until = None


def live_run(incident: Incident) -> LadderRun | None:
    return LadderRun.objects.select_for_update().filter(incident=incident, state__in=LIVE).first()


def start_run(
    incident: Incident, recorder: Recorder, *, reason: str = "", acked: Iterable[int] = ()
) -> LadderRun | None:
    """Begin to climb now; the first level is paged in this very change. `acked` are not."""
    doc = policy_doc(incident.policy_version_id)
    name = ladder_name(incident, doc)
    if name is None or name not in doc.ladders:
        return None
    last = incident.ladder_runs.aggregate(last=Max("number"))["last"] or 0
    state = rules.start(doc.ladders[name], recorder.at, acked)
    run = LadderRun(
        incident=incident,
        number=last + 1,
        ladder=name,
        started_at=recorder.at,
        drill_id=incident.drill_id,
    )
    take(run, state)
    run.save(force_insert=True)
    first = doc.ladders[name].levels[0]
    if acked and {p for t in first.targets for p in resolver(incident)(t, recorder.at)} <= {*acked}:
        run.level = 1  # who would be paged answered: no reason to wake the next
        run.save(update_fields=["level"])
        return run
    apply(run, incident, doc, recorder, rules.climb, reason)
    return run


def apply(
    run: LadderRun, incident: Incident, doc: PolicyDoc, recorder: Recorder, action, reason: str = ""
) -> tuple[rules.Step, ...]:
    """Let the rule take its steps, then store the run, the steps, the pages and the story."""
    quiet = quiet_for(Severity(incident.severity), doc.limits)
    steps = advance(run, ladder_of(run, doc), recorder.at, action, resolver(incident), quiet)
    run.save()
    if not steps:
        return ()
    people = User.objects.in_bulk({person for step in steps for person in step.people})
    seq = run.steps.aggregate(last=Max("seq"))["last"] or 0
    rows = step_rows(run, steps, seq, recorder.at, reason)
    LadderStep.objects.bulk_create([row for one in rows for row in one])
    for step, told in zip(steps, rows, strict=True):
        tell(run, incident, step, told, people, recorder, reason)
    return steps


def advance(
    run: LadderRun,
    ladder: Ladder,
    at: datetime,
    action,
    resolve: Resolve,
    quiet: Quiet,
    look: Callable[[Level, datetime, datetime], datetime | None] = next_look,
) -> tuple[rules.Step, ...]:
    """The rule's steps, and the run as it is after them; nothing is written."""
    state, steps = action(as_rule(run), ladder, resolve, at, quiet)
    take(run, state)
    if run.held_until is not None and run.held_until <= at:
        run.held_until = None
    if run.state == LadderState.ACTIVE and run.level and run.next_step_at:
        run.look_at = look(ladder.levels[run.level - 1], at, run.next_step_at)
    return steps


def step_rows(
    run: LadderRun, steps: Iterable[rules.Step], seq: int, at: datetime, reason: str
) -> list[list[LadderStep]]:
    """Unsaved rows, one for each person of each step; `seq` is the last place taken."""
    rows: list[list[LadderStep]] = []
    for step in steps:
        rows.append([])
        people: tuple[Any, ...] = step.people or (None,)
        for person in people:
            seq += 1
            rows[-1].append(
                LadderStep(
                    run=run,
                    seq=seq,
                    kind=step.kind.value,
                    cycle=step.cycle,
                    level=step.level,
                    person_id=person,
                    channel="email" if person else "",
                    due_at=step.at_due,
                    at=at,
                    late_by_s=step.late_by_s,
                    reason=(reason or step.reason)[:200],
                )
            )
    return rows


def tell(
    run: LadderRun,
    incident: Incident,
    step: rules.Step,
    told: list[LadderStep],
    people: dict[int, User],
    recorder: Recorder,
    reason: str,
) -> None:
    where = f"level {step.level}" if step.level else "the fallback"
    names = ", ".join(str(people[person]) for person in step.people if person in people)
    late = f" {step.late_by_s} s after it was due" if step.late_by_s > rules.ON_TIME_S else ""
    sentence = f"Paged {names} ({where}){late}." if names else f"Nobody to page on {where}."
    wakes: dict[Any, datetime] = dict(step.held)
    if wakes:
        later = ", ".join(f"{people[p]} from {end:%H:%M} UTC" for p, end in wakes.items())
        sentence = f"{sentence} After quiet hours: {later}."
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
    for row in told:
        person = row.person_id
        if person not in people:
            continue
        recorder.notice(
            incident,
            people[person],
            NoticeKind.PAGE,
            step=row,
            not_before=wakes.get(person),
            delay_reason=IN_QUIET_HOURS if person in wakes else "",
            key=f"ladder:{run.number}:{step.kind.value}:{step.cycle}:{step.level}:"
            f"{int(step.at_due.timestamp())}",
            headline="Please acknowledge" if incident.accepted_at is None else "For your attention",
            why=f"you are on {where} of ladder {run.ladder}: {step.reason}.",
            lines=(f"Answer: {_deadline(incident)}",) if incident.next_due_at else (),
        )


def _deadline(incident: Incident) -> str:
    return f"next deadline {incident.next_due_at:%d %b %Y %H:%M} UTC."


def halt_run(incident: Incident, *, by: User, recorder: Recorder) -> None:
    """Somebody answered. Enough answers stop the ladder; if the policy says so, silence wakes it
    again later. Where a level asks for more answers, only the others are still paged."""
    run = live_run(incident)
    if run is not None and run.state == LadderState.HALTED:
        if run.snoozed_until is not None:  # whoever answers now is awake
            sleep_on_answer(run, incident, policy_doc(incident.policy_version_id), recorder)
    elif run is not None:
        doc = policy_doc(incident.policy_version_id)
        take(run, rules.acknowledge(as_rule(run), ladder_of(run, doc), by.pk))
        if run.state != LadderState.HALTED:
            run.save()
            cancel_pending(incident, at=recorder.at, kinds=[NoticeKind.PAGE], recipient=by)
            recorder.event(
                incident,
                "ladder_answered",
                f"{by} answered; the ladder asks for more answers and goes on.",
                by=by,
            )
            return
        sleep_on_answer(run, incident, doc, recorder)
        recorder.event(incident, "ladder_halted", "The ladder stopped: somebody answered.", by=by)
    cancel_pending(incident, at=recorder.at, kinds=[NoticeKind.PAGE])


def sleep_on_answer(run: LadderRun, incident: Incident, doc: PolicyDoc, recorder: Recorder) -> None:
    """A halted run wakes when its owner is silent for as long as the severity allows."""
    run.halted_at = recorder.at
    run.snoozed_until = run.held_until = None
    wait = doc.severities[Severity(incident.severity)].reescalate_after_ack_s
    run.next_step_at = recorder.at + timedelta(seconds=wait) if wait else None
    run.save()


def refuse_stranger(incident: Incident, person: User, at: datetime) -> None:
    """An answer that nobody asked this person for is a take-over, and meant as one. Raises
    DomainError 409 `not_asked`."""
    doc = policy_doc(incident.policy_version_id)
    name = ladder_name(incident, doc)
    if not was_asked(incident, person, doc.ladders.get(name or ""), at):
        raise Conflict(
            "not_asked",
            f"Nobody asked you for {incident.key}. Claim it, or say take_over.",
        )


def awaits(incident: Incident, person: User) -> bool:
    """Was this person paged, and does the ladder still ask for answers though it has an owner?"""
    run = live_run(incident)
    if run is None or run.state != LadderState.ACTIVE or not run.acked:
        return False
    return person.pk in run.paged and person.pk not in run.acked


def cancel_run(incident: Incident, recorder: Recorder) -> None:
    run = live_run(incident)
    if run is not None:
        take(run, rules.cancel(as_rule(run)))
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
    doc = policy_doc(incident.policy_version_id)
    kept = (run.next_step_at, run.snoozed_until) if run.state == "halted" else (None, None)
    run.snoozed_until = None
    apply(run, incident, doc, recorder, action, reason)
    if run.state == "halted":
        run.next_step_at, run.snoozed_until = kept
        run.save(update_fields=["next_step_at", "snoozed_until"])
