"""Climbing in the database: one active run per incident, steps and pages written together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from django.db.models import Max

from accounts.models import User
from accounts.selectors.contact_methods import Way
from config.lib.errors import Conflict
from config.lib.rows import new
from config.lib.statements import insert
from escalations.models import Incident, LadderRun, LadderStep
from escalations.models.ladders import LIVE, LadderState
from escalations.models.notices import NoticeKind
from escalations.rules import ladder as rules
from escalations.rules.lifecycle import State
from escalations.rules.policy import Ladder, PolicyDoc, Severity
from escalations.selectors.ladders import next_look, quiet_for, resolver, roles_on, was_asked
from escalations.selectors.policies import policy_doc
from escalations.services.automation_keeping import forget, is_kept, keep_step
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
    if state.state.value != run.state or state.next_step_at != run.next_step_at:
        forget(run)  # somebody moved it: what a pause kept is not due any more
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


@dataclass(slots=True)
class Climb:
    """A run and the steps it takes in this change."""

    run: LadderRun
    incident: Incident
    ladder: Ladder
    steps: tuple[rules.Step, ...]
    seq: int = 0  # of the last step stored
    rows: list[list[LadderStep]] = field(default_factory=list)  # a row a person, step by step


def start_run(
    incident: Incident,
    recorder: Recorder,
    *,
    reason: str = "",
    acked: Iterable[int] = (),
    by_hand: bool = False,
) -> LadderRun | None:
    """Begin to climb now; the first level is paged in this very change. `acked` are not. A pause
    of automation keeps the first step, unless it is taken `by_hand`."""
    runs = start_runs([incident], recorder, reason=reason, acked=acked, by_hand=by_hand)
    return next(iter(runs), None)


def start_runs(
    incidents: Sequence[Incident],
    recorder: Recorder,
    *,
    reason: str = "",
    acked: Iterable[int] = (),
    by_hand: bool = False,
) -> list[LadderRun]:
    """The same for a burst: statements do not grow with it. Those without a ladder begin none."""
    climbs: list[Climb] = []
    roles = cache(partial(roles_on, incidents))
    numbers = _last_numbers([each for each in incidents if not recorder.is_new(each)])
    for incident in incidents:
        doc = policy_doc(incident.policy_version_id)
        name = ladder_name(incident, doc)
        if name is None or name not in doc.ladders:
            continue
        run = new(
            LadderRun,
            incident=incident,
            number=numbers.get(incident.number, 0) + 1,
            ladder=name,
            started_at=recorder.at,
            drill_id=incident.drill_id,
        )
        take(run, rules.start(doc.ladders[name], recorder.at, acked))
        climb = Climb(run, incident, doc.ladders[name], ())
        climbs.append(climb)
        if not by_hand and (pause := recorder.pauses.of_run(run, incident)):
            keep_step(run, incident, pause, recorder)
            continue
        first = doc.ladders[name].levels[0]
        resolve = resolver(incident, recorder.standby, roles)
        if acked and {p for t in first.targets for p in resolve(t, recorder.at)} <= {*acked}:
            run.level = 1  # who would be paged answered: no reason to wake the next
        else:
            climb.steps = advance(run, incident, doc, recorder, rules.climb, resolve)
    insert(climb.run for climb in climbs)
    store_steps(climbs, recorder, reason)
    return [climb.run for climb in climbs]


def _last_numbers(incidents: Sequence[Incident]) -> dict[int, int]:
    if not incidents:
        return {}
    rows = LadderRun.objects.filter(incident__in=incidents).order_by().values_list("incident")
    return dict(rows.annotate(last=Max("number")))


def apply(
    run: LadderRun, incident: Incident, doc: PolicyDoc, recorder: Recorder, action, reason: str = ""
) -> tuple[rules.Step, ...]:
    """Let the rule take its steps, then store the run, the steps, the pages and the story."""
    resolve = resolver(incident, recorder.standby)
    steps = advance(run, incident, doc, recorder, action, resolve)
    run.save()
    if steps:
        last = run.steps.aggregate(last=Max("seq"))["last"] or 0
        store_steps([Climb(run, incident, ladder_of(run, doc), steps, last)], recorder, reason)
    return steps


def advance(
    run: LadderRun, incident: Incident, doc: PolicyDoc, recorder: Recorder, action, resolve
) -> tuple[rules.Step, ...]:
    """Let the rule take its steps; the run is changed in memory."""
    ladder, standby = ladder_of(run, doc), recorder.standby
    quiet = quiet_for(Severity(incident.severity), doc.limits, standby)
    state, steps = action(as_rule(run), ladder, resolve, recorder.at, quiet)
    take(run, state)
    if run.held_until is not None and run.held_until <= recorder.at:
        run.held_until = None
    if run.state == LadderState.ACTIVE and run.level and run.next_step_at:
        level = ladder.levels[run.level - 1]
        run.look_at = next_look(level, recorder.at, run.next_step_at, standby)
    return steps


def store_steps(climbs: Sequence[Climb], recorder: Recorder, reason: str) -> None:
    """The steps of stored runs, their pages and their story: one insert."""
    asked = {person for climb in climbs for step in climb.steps for person in step.people}
    people = recorder.standby.people(sorted(int(str(person)) for person in asked))
    # Owners are told beside those who are paged: read together.
    owners = [climb.incident.commander for climb in climbs if climb.incident.commander]
    ways = recorder.ways.of([*people.values(), *owners])
    for climb in climbs:
        for step in climb.steps:
            climb.rows.append([])
            for person, channel in _ways(step, climb.ladder, ways) or ((None, ""),):
                climb.seq += 1
                climb.rows[-1].append(
                    new(
                        LadderStep,
                        run=climb.run,
                        seq=climb.seq,
                        kind=step.kind.value,
                        cycle=step.cycle,
                        level=step.level,
                        person_id=person,
                        channel=channel,
                        due_at=step.at_due,
                        at=recorder.at,
                        late_by_s=step.late_by_s,
                        reason=(reason or step.reason)[:200],
                    )
                )
    insert(row for climb in climbs for rows in climb.rows for row in rows)
    for climb in climbs:
        for step, rows in zip(climb.steps, climb.rows, strict=True):
            few = _fewer(step, climb.ladder, ways, people)
            _tell(climb.run, climb.incident, step, rows, people, recorder, reason, few)


def _ways(
    step: rules.Step, ladder: Ladder, ways: dict[int, tuple[Way, ...]]
) -> list[tuple[int, str]]:
    """Each person with the channels of their page; a second way of a kind is numbered."""
    rows = []
    for person in map(int, map(str, step.people)):
        seen: Counter[str] = Counter()
        for way in ways.get(person, ())[: rules.ways_asked(step, ladder)] or (None,):
            kind = way.kind if way else ""
            seen[kind] += 1
            rows.append((person, kind if seen[kind] == 1 else f"{kind}-{seen[kind]}"))
    return rows


def _fewer(
    step: rules.Step,
    ladder: Ladder,
    ways: dict[int, tuple[Way, ...]],
    people: dict[int, User],
) -> str:
    """A sentence about those who have fewer ways than their level asks for."""
    asked = rules.ways_asked(step, ladder)
    said = [
        f"{people[person]} has {len(ways.get(person, ()))}"
        for person in map(int, map(str, step.people))
        if person in people and len(ways.get(person, ())) < asked
    ]
    return f" By {asked} ways each, where there are so many: {', '.join(said)}." if said else ""


def _tell(
    run: LadderRun,
    incident: Incident,
    step: rules.Step,
    told: list[LadderStep],
    people: dict[int, User],
    recorder: Recorder,
    reason: str,
    few: str,
) -> None:
    where = f"level {step.level}" if step.level else "the fallback"
    names = ", ".join(str(people[person]) for person in step.people if person in people)
    late = f" {step.late_by_s} s after it was due" if step.late_by_s > rules.ON_TIME_S else ""
    sentence = f"Paged {names} ({where}){late}.{few}" if names else f"Nobody to page on {where}."
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
    done: Counter[int] = Counter()
    for row in told:
        person = row.person_id
        if person not in people:
            continue
        done[person] += 1
        recorder.notice(
            incident,
            people[person],
            NoticeKind.PAGE,
            step=row,
            way=done[person],
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
    run.snoozed_until = run.held_until = run.kept_due_at = None
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
    pause = recorder.pauses.of_run(run, incident)
    if pause is not None or is_kept(run):
        keep_step(run, incident, pause, recorder, with_jump=True)
        run.save()
        return
    apply_keeping_expiry(run, incident, recorder, rules.jump)


def escalate(incident: Incident, recorder: Recorder, *, reason: str) -> None:
    run = live_run(incident)
    if run is None:
        start_run(incident, recorder, reason=reason, by_hand=True)
        return
    apply_keeping_expiry(run, incident, recorder, rules.escalate_now, reason)


def apply_keeping_expiry(
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
