"""Many ladder runs moved at once, by the rule that moves one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from django.db import transaction
from django.db.models import Case, Max, When, prefetch_related_objects

from config.lib.bulk import update_rows
from escalations.models import Drill, Incident, LadderRun, LadderStep, Notice
from escalations.models.ladders import LadderState
from escalations.models.notices import NoticeKind
from escalations.rules import ladder as rules
from escalations.rules.lifecycle import OPEN_STATES
from escalations.selectors.ladders import resolver, roles_on
from escalations.selectors.policies import policy_doc
from escalations.services import ladders
from escalations.services.automation_keeping import KEPT_FIELDS, go_on, keep_look, keep_step
from escalations.services.batches import Batch, claim, finish_all, incidents_of
from escalations.services.ladder_waits import LOST
from escalations.services.recorder import Recorder

RUN_FIELDS = (
    "state",
    "cycle",
    "level",
    "pages_total",
    "fallbacks",
    "paged",
    "acked",
    "next_step_at",
    "look_at",
    "snoozed_until",
    "held_until",
    "kept_by",
    "kept_due_at",
    "kept_jump",
)


@dataclass(slots=True)
class Move:
    """What a locked run is asked to do, and its steps once it did."""

    run: LadderRun
    incident: Incident
    action: Callable[..., rules.Climbed]
    steps: tuple[rules.Step, ...] = ()


def settle_ladders(at: datetime, drill: Drill | None, limit: int) -> Batch:
    """The steps that are due of runs that climb. Rests and ends are for `timers.settle_ladder`."""
    batch = Batch()
    with transaction.atomic():
        moves, kept = [], []
        recorder = Recorder(at)
        for run, incident in _claimed("next_step_at", at, drill, limit):
            is_resting = run.state == LadderState.HALTED and incident.state in ladders.SETTLED
            if incident.state not in OPEN_STATES or run.parked_error or is_resting:
                batch.rest.append(run.pk)
            elif pause := recorder.pauses.of_run(run, incident):
                keep_step(run, incident, pause, recorder)
                kept.append(Move(run, incident, rules.climb))
            elif run.state == LadderState.HALTED:
                batch.rest.append(run.pk)
            else:
                with_jump = go_on(run)
                moves.append(Move(run, incident, rules.after_pause if with_jump else rules.climb))
        update_rows([move.run for move in kept], KEPT_FIELDS)
        move_all(moves, recorder)
        finish_all([move.incident for move in (*kept, *moves)], recorder)
        batch.done = len(moves) + len(kept)
    return batch


def settle_looks(at: datetime, drill: Drill | None, limit: int) -> Batch:
    """Did rosters change hands during waits, or were all pages of a level lost?"""
    batch = Batch()
    with transaction.atomic():
        waiting, moves = [], []
        for run, incident in _claimed("look_at", at, drill, limit):
            is_waiting = run.state == LadderState.ACTIVE and run.next_step_at is not None
            if is_waiting and incident.state in OPEN_STATES:
                waiting.append((run, incident))
            else:
                batch.rest.append(run.pk)
        recorder, kept = Recorder(at), []
        lost = _lost([run for run, _ in waiting])
        for run, incident in waiting:
            if pause := recorder.pauses.of_run(run, incident):
                keep_look(run, pause)
                kept.append(run)
                continue
            action = rules.nobody_reached if run.pk in lost else rules.hand_over
            moves.append(Move(run, incident, action))
        update_rows(kept, KEPT_FIELDS)
        move_all(moves, recorder)
        finish_all([move.incident for move in moves if move.steps], recorder)
        batch.done = len(moves) + len(kept)
    return batch


def _claimed(
    field: str, at: datetime, drill: Drill | None, limit: int
) -> list[tuple[LadderRun, Incident]]:
    keys = claim(LadderRun, field, at, drill, limit)
    runs = LadderRun.objects.in_bulk([key.pk for key in keys])
    incidents = incidents_of(key.incident for key in keys)
    found = []
    for key in keys:
        run = runs[key.pk]
        run.incident = incidents[key.incident]
        found.append((run, run.incident))
    return found


def _lost(runs: Sequence[LadderRun]) -> set[int]:
    """Runs of which every page of the present level failed for good, or often enough."""
    present = {run.pk: (run.cycle, run.level) for run in runs if run.level > 0}
    steps = LadderStep.objects.filter(run__in=present)
    run_of = {
        pk: run
        for pk, run, *place in steps.values_list("pk", "run_id", "cycle", "level")
        if tuple(place) == present[run]
    }
    pages = Notice.objects.filter(step__in=run_of, kind=NoticeKind.PAGE)
    reached, paged = set(), set()
    for step, is_lost in pages.annotate(
        is_lost=Case(When(LOST, then=True), default=False)
    ).values_list("step_id", "is_lost"):
        paged.add(run_of[step])
        if not is_lost:
            reached.add(run_of[step])
    return paged - reached


def move_all(moves: Sequence[Move], recorder: Recorder) -> None:
    """Let the rule take the steps of each run, then store the runs, the steps and the pages."""
    if not moves:
        return
    incidents = [move.incident for move in moves]
    prefetch_related_objects(incidents, "account")
    roles = cache(partial(roles_on, incidents))
    for move in moves:
        run, incident = move.run, move.incident
        doc = policy_doc(incident.policy_version_id)
        rest = (run.next_step_at, run.snoozed_until) if run.state == LadderState.HALTED else None
        if move.action is rules.jump:
            run.snoozed_until = None
        resolve = resolver(incident, recorder.standby, roles)
        move.steps = ladders.advance(run, incident, doc, recorder, move.action, resolve)
        if rest is not None and run.state == LadderState.HALTED:
            run.next_step_at, run.snoozed_until = rest
    update_rows([move.run for move in moves], RUN_FIELDS)
    _store_steps([move for move in moves if move.steps], recorder)


def _store_steps(moves: Sequence[Move], recorder: Recorder) -> None:
    if not moves:
        return
    steps = LadderStep.objects.filter(run__in=[move.run for move in moves]).order_by()
    last: Counter[int] = Counter(dict(steps.values_list("run").annotate(last=Max("seq"))))
    climbs = []
    for move in moves:
        ladder = ladders.ladder_of(move.run, policy_doc(move.incident.policy_version_id))
        seq = last[move.run.pk]
        climbs.append(ladders.Climb(move.run, move.incident, ladder, move.steps, seq))
    ladders.store_steps(climbs, recorder, "")
