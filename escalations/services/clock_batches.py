"""Many clocks settled at once: the marks, words and jumps that settling each would give."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db import transaction
from django.db.models import prefetch_related_objects

from config.lib.bulk import insert_rows, update_changed, update_rows
from config.lib.rows import read, tuples
from escalations.models import Clock, ClockEvent, ClockMark, Drill, Incident, LadderRun
from escalations.models.clocks import ClockKindChoice, MarkKind
from escalations.models.ladders import LIVE
from escalations.rules import ladder as rules
from escalations.rules.breach_causes import propose
from escalations.rules.lifecycle import OPEN_STATES
from escalations.rules.policy import LadderStart, Severity
from escalations.selectors.breach_causes import stories_of
from escalations.selectors.clocks import LoggedEvent
from escalations.selectors.policies import policy_doc
from escalations.services import clock_marks, clocks
from escalations.services.automation_keeping import KEPT_FIELDS, is_kept, keep_step
from escalations.services.batches import Batch, Claimed, claim, finish_all, incidents_of, rounds
from escalations.services.breaches import CLIMBS
from escalations.services.clock_marks import Said
from escalations.services.ladder_batches import Move, move_all
from escalations.services.recorder import Recorder

DERIVED = (
    "run_state",
    "outcome",
    "elapsed_us",
    "current_target_s",
    "due_at",
    "breach_after",
    "breached_at",
    "warn_at",
    "paused_since",
    "awaiting",
    "check_at",
    "on_time",
    "missed",
    "next_wake_at",
)


# What timers read of a clock.
NEEDED = (
    *DERIVED,
    "chase_at",
    "incident",
    "kind",
    "cycle",
    "target_s",
    "calendar",
    "started_at",
    "parked_error",
)
LEDGER = ("clock", *(name.removesuffix("_id") for name in LoggedEvent._fields))
SEQ = attrgetter("seq")
_told = attrgetter(*DERIVED)


@dataclass(slots=True)
class Settled:
    clock: Clock
    before: tuple[Any, ...]  # the derived columns as they were read
    events: Sequence[LoggedEvent]
    marks: list[ClockMark]

    @property
    def is_breached(self) -> bool:
        return any(mark.kind == MarkKind.BREACH for mark in self.marks)


def settle_clocks(at: datetime, drill: Drill | None, limit: int) -> Batch:
    """Warnings, breaches and missed updates that are due. A breach that starts a ladder is for
    `timers.settle_clock`, and so is what comes after it on the same incident."""
    batch = Batch()
    with transaction.atomic():
        skipped: set[int] = set()
        for turn in rounds(claim(Clock, "next_wake_at", at, drill, limit)):
            batch.rest += [row.pk for row in turn if row.incident in skipped]
            turn = [row for row in turn if row.incident not in skipped]
            starting = _settle(turn, at)
            skipped |= {row.incident for row in turn if row.pk in starting}
            batch.rest += starting
            batch.done += len(turn) - len(starting)
    return batch


def _settle(turn: Sequence[Claimed], at: datetime) -> list[int]:
    """Settle one clock of each incident; the keys of those that one transaction each must do."""
    if not turn:
        return []
    recorder = Recorder(at)
    settled = _derived(turn, at)
    runs = _runs([each.clock.incident_id for each in settled if each.is_breached])
    starting = [each.clock.pk for each in settled if _starts(each, runs)]
    settled = [each for each in settled if each.clock.pk not in set(starting)]
    _store(settled, recorder)
    moves, kept = [], []
    for each in settled:
        incident, run = each.clock.incident, runs.get(each.clock.incident_id)
        if run is None or not _climbs(each) or each.clock.kind not in CLIMBS:
            continue
        pause = recorder.pauses.of_run(run, incident)
        if pause is not None or is_kept(run):
            keep_step(run, incident, pause, recorder, with_jump=True)
            kept.append(run)
        else:
            moves.append(Move(run, incident, rules.jump))
    update_rows(kept, KEPT_FIELDS)
    move_all(moves, recorder)
    finish_all([each.clock.incident for each in settled], recorder)
    return starting


def _derived(turn: Sequence[Claimed], at: datetime) -> list[Settled]:
    keys = [row.pk for row in turn]
    found = {clock.pk: clock for clock in read(Clock, NEEDED, keys)}
    incidents = incidents_of(row.incident for row in turn)
    events: dict[int, list[LoggedEvent]] = defaultdict(list)
    for key, *event in tuples(ClockEvent, LEDGER, keys, among="clock"):
        events[key].append(LoggedEvent(*event))
    for ledger in events.values():
        ledger.sort(key=SEQ)
    said: dict[int, list[Said]] = defaultdict(list)
    for key, *mark in tuples(ClockMark, ("clock", *Said._fields), keys, among="clock"):
        said[key].append(Said(*mark))
    settled = []
    for key in keys:
        clock = found[key]
        clock.incident = incidents[clock.incident_id]
        doc, before = policy_doc(clock.incident.policy_version_id), _told(clock)
        passed = clock_marks.passed(clocks.derive(clock, events[key], doc, at), at)
        marks = clock_marks.new_marks(clock, passed, said[key], at) if passed else []
        settled.append(Settled(clock, before, events[key], marks))
    return settled


def _runs(numbers: Sequence[int]) -> dict[int, LadderRun]:
    """The live runs of these incidents, locked."""
    if not numbers:
        return {}
    rows = LadderRun.objects.select_for_update().filter(incident__in=numbers, state__in=LIVE)
    return {run.incident_id: run for run in rows.order_by("pk")}


def _climbs(settled: Settled) -> bool:
    return settled.is_breached and settled.clock.incident.state in OPEN_STATES


def _starts(settled: Settled, runs: dict[int, LadderRun]) -> bool:
    """Does this breach begin a ladder, or may it? What was parked is tried by itself as well."""
    clock = settled.clock
    if clock.parked_error:
        return True
    if not _climbs(settled) or clock.incident_id in runs:
        return False
    if clock.kind in CLIMBS:
        return True
    incident = clock.incident
    rule = policy_doc(incident.policy_version_id).severities[Severity(incident.severity)]
    return (
        clock.kind == ClockKindChoice.RESPONSE
        and rule.ladder_start is LadderStart.ON_RESPONSE_BREACH
    )


def _store(settled: Sequence[Settled], recorder: Recorder) -> None:
    causes = [
        (each.clock, each.events, mark)
        for each in settled
        for mark in each.marks
        if mark.kind != MarkKind.WARNING
    ]
    if causes:
        for (_, _, mark), story in zip(causes, stories_of(causes), strict=True):
            mark.proposed_cause = mark.cause = propose(story).value
        _know_others([clock.incident for clock, _, _ in causes])
    insert_rows([mark for each in settled for mark in each.marks])
    for each in settled:
        clock_marks.say(each.clock, each.marks, recorder)
    rows = [each.clock for each in settled]
    update_changed(rows, DERIVED, [each.before for each in settled])


def _know_others(incidents: Sequence[Incident]) -> None:
    """Sponsors and leads, whom a missed update or a team's own breach concerns."""
    prefetch_related_objects(list(incidents), "account__sponsor", "team__lead")
