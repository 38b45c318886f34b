"""One incident goes into another, and comes back out of it (SEMANTICS 1.4, 2.6).

The one that goes counts nowhere from then on: its clocks are void, its ladder and its unsent
notices end. What it heard and who worked on it moves. Taken back within a day it is its own again:
a void clock stays void, and a new cycle goes on from a copy of its ledger, as if there had been no
merge.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Max

from accounts.models import User
from escalations.models import Clock, ClockEvent, ClockMark, Incident, Merge, Responder, Signal
from escalations.models.incidents import Role
from escalations.models.notices import NoticeKind
from escalations.rules.lifecycle import UNANSWERED, State
from escalations.rules.policy import ClockKind, Severity
from escalations.selectors.policies import policy_doc
from escalations.services import breaches, clocks, ladders, reviews
from escalations.services.change import Change, second_person
from escalations.services.endings import void
from escalations.services.finishing import finish
from escalations.services.locks import lock_incident
from escalations.services.recorder import Recorder

ADOPTING = (ClockKind.RESPONSE, ClockKind.RESTORE, ClockKind.RESOLUTION)


def merge(change: Change) -> None:
    incident, at = change.incident, change.at
    into = lock_incident(change.given("into"))
    what = f"merging into {into.key}"
    if incident.severity == Severity.S1 and not second_person(change, what):
        return
    asked = change.given("count_from") or ""
    is_same = incident.account_id is not None and incident.account_id == into.account_id
    is_earliest = asked == "earliest" or (not asked and is_same)
    live = clocks.live_clocks(incident)
    row = Merge(
        incident=incident,
        into=into,
        reason=change.given("reason"),
        merged_at=at,
        merged_by=change.by,
        state_before=incident.state,
        is_earliest=is_earliest,
        clocks=[_kept(clock) for clock in live],
    )
    starts = {clock.kind: clock.started_at for clock in live}
    void(change, "merged", f"The incident went into {into.key}.")
    reviews.void_review(incident, change.recorder, f"The incident went into {into.key}.")
    recorder, before = Recorder(at), into.state
    row.signals = _move_signals(incident, into)
    row.responders = _move_people(incident, into, at)
    row.save(force_insert=True)
    if is_earliest:
        _adopt_starts(into, starts, recorder, by=change.by)
    incident.state, incident.merged_into = State.MERGED, into
    change.event("merged", f"Merged into {into.key}.", reason=row.reason)
    recorder.event(into, "merged_in", f"{incident.key} went into this one.", by=change.by)
    if into.commander is not None and into.commander_id != change.by.pk:
        recorder.notice(
            into,
            into.commander,
            NoticeKind.NEWS,
            key=f"merged:{incident.number}",
            headline=f"{incident.key} went into this one",
            why="you own this incident.",
        )
    finish(into, recorder, before=before)


def unmerge(change: Change) -> None:
    incident, at = change.incident, change.at
    row = Merge.objects.select_for_update().get(incident=incident, undone_at=None)
    into = lock_incident(row.into_id)
    row.undone_at, row.undone_by = at, change.by
    row.save(update_fields=["undone_at", "undone_by"])
    incident.state, incident.merged_into = row.state_before, None
    incident.is_void = False
    Signal.objects.filter(pk__in=row.signals, incident=into).update(incident=incident)
    Responder.objects.filter(pk__in=row.responders).update(ended_at=None)
    going = [_go_on(kept, incident, change.recorder) for kept in row.clocks]
    change.event("unmerged", f"Taken out of {into.key} again.", reason=change.given("reason"))
    recorder = Recorder(at)
    recorder.event(into, "unmerged", f"{incident.key} was taken out again.", by=change.by)
    finish(into, recorder, before=into.state)
    if incident.state in UNANSWERED:
        ladders.start_run(incident, change.recorder, reason="taken out of a merge")
    for clock in going:
        breaches.settle(clock, incident, change.recorder)  # what broke while it was away


def _move_signals(incident: Incident, into: Incident) -> list[int]:
    """Episodes, open or over: what is heard of them from now on concerns the other incident."""
    ids = list(incident.signals.order_by("pk").values_list("pk", flat=True))
    Signal.objects.filter(pk__in=ids).update(incident=into)
    return ids


def _move_people(incident: Incident, into: Incident, at: datetime) -> list[int]:
    """Everybody on it stays informed: the owner as backup, others in their role."""
    rows = list(incident.responders.filter(ended_at=None).order_by("pk"))
    there = set(into.responders.filter(ended_at=None).values_list("user_id", flat=True))
    for row in rows:
        if row.user_id not in there:
            there.add(row.user_id)
            role = Role.BACKUP if row.role == Role.COMMANDER else row.role
            Responder.objects.create(incident=into, user_id=row.user_id, role=role, assigned_at=at)
    Responder.objects.filter(pk__in=[row.pk for row in rows]).update(ended_at=at)
    return [row.pk for row in rows]


def _adopt_starts(
    into: Incident, starts: dict[str, datetime], recorder: Recorder, *, by: User
) -> None:
    """The promise to the customer counts from when either of the two began."""
    doc = policy_doc(into.policy_version_id)
    for clock in clocks.live_clocks(into, *ADOPTING):
        start = starts.get(clock.kind)
        if start is None or start >= clock.started_at:
            continue
        clocks.log(
            clock,
            "adopt_start",
            at=recorder.at,
            doc=doc,
            recorded_at=recorder.at,
            by=by,
            start_at=start,
        )
        recorder.event(
            into,
            "clock_retargeted",
            f"{clock.get_kind_display()} clock counts from {start:%d %b %H:%M} UTC.",
            by=by,
            detail={"clock": clock.kind},
        )
        breaches.settle(clock, into, recorder)


def _kept(clock: Clock) -> dict[str, Any]:
    """Which clock, and what its ledger does not say."""
    return {
        "id": clock.pk,
        "awaiting": clock.awaiting,
        "check_at": clock.check_at.isoformat() if clock.check_at else None,
    }


def _go_on(kept: dict[str, Any], incident: Incident, recorder: Recorder) -> Clock:
    """A new cycle with the ledger of a void one, its end left out; what it said stays said."""
    old = Clock.objects.get(pk=kept["id"])
    last = incident.clocks.filter(kind=old.kind).aggregate(last=Max("cycle"))["last"]
    new = Clock(
        incident=incident,
        kind=old.kind,
        cycle=last + 1,
        target_s=old.target_s,
        current_target_s=old.target_s,
        calendar=old.calendar,
        started_at=old.started_at,
        drill_id=old.drill_id,
    )
    events = [event for event in old.events.order_by("seq") if event.type != "cancel"]
    for event in events:
        event.pk, event.clock, event._state.adding = None, new, True
    clocks.derive(new, events, policy_doc(incident.policy_version_id), recorder.at)
    if new.run_state == "paused":
        new.awaiting = kept["awaiting"]
        new.check_at = datetime.fromisoformat(kept["check_at"]) if kept["check_at"] else None
    new.save(force_insert=True)
    for event in events:
        event.clock = new
    ClockEvent.objects.bulk_create(events)
    marks = list(old.marks.all())
    for mark in marks:
        mark.pk, mark.clock, mark.is_silent, mark._state.adding = None, new, True, True
    ClockMark.objects.bulk_create(marks)
    return new
