"""What should have happened by now, reckoned without the sweep, against what did.

Each check asks an index that is empty while all is well, so that a look costs what is wrong and
not what exists. `walk` alone reads healthy rows: a slice of the open incidents at each look,
with every clock replayed from its ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model, Q

from accounts.models import ServiceHoursVersion, ValueRubricVersion
from escalations.models import (
    ActionItem,
    AutomationPause,
    ChangeRequest,
    Clock,
    ClockRepair,
    CustomerLetter,
    Decision,
    Handoff,
    Incident,
    KpiState,
    LadderRun,
    LadderStep,
    MaintenanceWindow,
    Milestone,
    Notice,
    PolicyException,
    PostIncidentReview,
    Storm,
)
from escalations.models.audits import Check
from escalations.models.clocks import ClockKindChoice, MarkKind
from escalations.models.ladders import LadderState
from escalations.rules.cadence import cadence_state
from escalations.rules.clocks import clock_state
from escalations.rules.lifecycle import UNANSWERED
from escalations.rules.policy import LadderStart, Severity
from escalations.selectors.clocks import SECOND_US, rule_events
from escalations.selectors.heartbeats import newest_beats
from escalations.selectors.policies import policy_doc
from playbooks.models import StepRun

GRACE = timedelta(seconds=30)  # what may be under way is not lost
UNSENT_AFTER = timedelta(seconds=60)
RECENT = timedelta(hours=1)
SLICE = 500  # open incidents that one look replays
MOST = 200  # findings of one check
SILENT_AFTER = timedelta(seconds=60)
PROCESSES = ("clock", "cluster")


@dataclass(frozen=True, slots=True)
class Finding:
    code: Check
    thing: str
    sentence: str
    incident: int | None = None
    due_at: datetime | None = None


# Timers other than clocks and ladders: (what, model, due time, path to the drill that owns a row).
# By hand and not from the sweep's own table: a timer that fell out of that table is found here.
TIMERS: tuple[tuple[str, type[Model], str, str], ...] = (
    ("new hours", ServiceHoursVersion, "adopt_at", ""),
    ("change of the rules", ChangeRequest, "settle_at", ""),
    ("change of running promises", ClockRepair, "settle_at", ""),
    ("valuing of accounts", ValueRubricVersion, "revalue_at", ""),
    ("hand-over look", LadderRun, "look_at", "drill"),
    ("storm", Storm, "look_at", "drill"),
    ("word to ask a customer again", Clock, "chase_at", "drill"),
    ("letter to a customer", CustomerLetter, "try_at", "drill"),
    ("closing", Incident, "close_due_at", "drill"),
    ("time box", StepRun, "alarm_at", "run__incident_playbook__incident__drill"),
    ("hand-off", Handoff, "expires_at", "drill"),
    ("decision", Decision, "expire_due_at", "incident__drill"),
    ("milestone", Milestone, "remind_at", "incident__drill"),
    ("review", PostIncidentReview, "remind_at", "drill"),
    ("action", ActionItem, "remind_at", "drill"),
    ("pause of automation", AutomationPause, "settle_at", ""),
    ("exception", PolicyException, "settle_at", ""),
    ("maintenance window", MaintenanceWindow, "settle_at", ""),
    ("no-data watch", KpiState, "no_data_due_at", ""),
)


def findings(at: datetime) -> list[Finding]:
    """All that the alarm indexes hold; `walk` comes beside it."""
    checks = (
        _unsaid, _asleep, _ladders_asleep, _late_steps, _parked, _lost_pages, _unsent, _overdue,
        _silent,
    )  # fmt: skip
    return [finding for check in checks for finding in check(at)]


def _unsaid(at: datetime) -> Iterator[Finding]:
    rows = Clock.objects.real().should_have_spoken(at - GRACE).order_by("breach_after")[:MOST]
    for clock in rows:
        sentence = f"The {clock.get_kind_display()} promise broke and nobody was told."
        yield Finding(
            Check.CLOCK_UNSAID,
            f"clock {clock.pk}",
            sentence,
            clock.incident_id,
            clock.breach_after,
        )


def _asleep(at: datetime) -> Iterator[Finding]:
    for clock in Clock.objects.real().asleep()[:MOST]:
        sentence = f"The {clock.get_kind_display()} clock runs, and nothing will wake it."
        yield Finding(
            Check.CLOCK_ASLEEP, f"clock {clock.pk}", sentence, clock.incident_id, clock.due_at
        )


def _ladders_asleep(at: datetime) -> Iterator[Finding]:
    rows = LadderRun.objects.real().filter(state=LadderState.ACTIVE, next_step_at=None)
    for run in rows[:MOST]:
        sentence = f"Ladder {run.ladder} climbs, and nothing will take its next step."
        yield Finding(Check.LADDER_ASLEEP, f"ladder run {run.pk}", sentence, run.incident_id)


def _late_steps(at: datetime) -> Iterator[Finding]:
    clocks = Clock.objects.real().filter(next_wake_at__lt=at - GRACE)
    for clock in clocks.order_by("next_wake_at")[:MOST]:
        sentence = f"The {clock.get_kind_display()} clock was to be looked at and was not."
        yield Finding(
            Check.OVERDUE, f"clock {clock.pk}", sentence, clock.incident_id, clock.next_wake_at
        )
    runs = LadderRun.objects.real().filter(next_step_at__lt=at - GRACE)
    for run in runs.order_by("next_step_at")[:MOST]:
        sentence = f"The next step of ladder {run.ladder} was not taken."
        yield Finding(
            Check.OVERDUE, f"ladder run {run.pk}", sentence, run.incident_id, run.next_step_at
        )


def _parked(at: datetime) -> Iterator[Finding]:
    waiting: tuple[tuple[str, Any, str], ...] = (
        ("clock", Clock.objects.real(), "next_wake_at"),
        ("ladder run", LadderRun.objects.real(), "next_step_at"),
    )
    for what, rows, field in waiting:
        for row in rows.exclude(parked_error="").filter(**{f"{field}__isnull": False})[:MOST]:
            sentence = f"Put off after an error: {row.parked_error}"[:300]
            due_at = getattr(row, field)
            yield Finding(Check.PARKED, f"{what} {row.pk}", sentence, row.incident_id, due_at)


def _lost_pages(at: datetime) -> Iterator[Finding]:
    """Steps of the last hour that paged a person and left no message."""
    newest = LadderStep.objects.order_by("-pk").filter(
        run__drill=None, person__is_active=True, at__lt=at - GRACE
    )
    last = [pk for pk, when in newest.values_list("pk", "at")[:2000] if when > at - RECENT]
    rows = LadderStep.objects.filter(pk__in=last, notices=None).exclude(person__email="")
    for step in rows.select_related("run")[:MOST]:
        sentence = f"Level {step.level} of ladder {step.run.ladder} has a step and no message."
        yield Finding(Check.PAGE_LOST, f"step {step.pk}", sentence, step.run.incident_id, step.at)


def _unsent(at: datetime) -> Iterator[Finding]:
    free = Q(leased_until=None) | Q(leased_until__lte=at)
    rows = Notice.objects.real().pending().filter(free, not_before__lt=at - UNSENT_AFTER)
    for notice in rows.order_by("not_before").defer("text")[:MOST]:
        sentence = f"A message ({notice.get_kind_display()}) was to leave and did not."
        yield Finding(
            Check.UNSENT, f"notice {notice.pk}", sentence, notice.incident_id, notice.not_before
        )
    letters = CustomerLetter.objects.real().filter(try_at__isnull=False, last_error="")
    for letter in letters.filter(created_at__lt=at - UNSENT_AFTER).defer("text")[:MOST]:
        sentence = "An update to a customer was to leave by mail and did not."
        yield Finding(
            Check.UNSENT, f"letter {letter.pk}", sentence, letter.incident_id, letter.created_at
        )


def _overdue(at: datetime) -> Iterator[Finding]:
    for what, model, field, drill in TIMERS:
        rows = model._default_manager.filter(**{f"{field}__lt": at - GRACE})
        if drill:
            rows = rows.filter(**{drill: None})
        for pk, due_at in rows.order_by(field).values_list("pk", field)[:MOST]:
            sentence = f"The {what} was due and was not settled."
            yield Finding(Check.OVERDUE, f"{what} {pk}", sentence, due_at=due_at)


def _silent(at: datetime) -> Iterator[Finding]:
    newest = newest_beats()
    for kind in PROCESSES:
        beat_at = newest.get(kind)
        if beat_at is not None and at - beat_at > SILENT_AFTER:
            yield Finding(Check.PROCESS_SILENT, kind, f"No heartbeat of {kind}.", due_at=beat_at)


# --- the walk ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Walk:
    """`findings` of the incidents `looked_at`; `cursor` is the last of them, 0 at the end."""

    findings: list[Finding]
    looked_at: tuple[int, ...]
    cursor: int


def walk(after: int, at: datetime) -> Walk:
    """Replay every clock of the next open incidents, and look whether somebody was paged."""
    rows = list(
        Incident.objects.real()
        .open()
        .filter(number__gt=after)
        .order_by("number")
        .prefetch_related("clocks__events", "clocks__marks", "ladder_runs")
        .defer("body")[:SLICE]
    )
    found: list[Finding] = []
    for incident in rows:
        found += _altered(incident, incident.clocks.all(), at)
        found += _unpaged(incident, at)
    cursor = rows[-1].number if len(rows) == SLICE else 0
    return Walk(found, tuple(incident.number for incident in rows), cursor)


def _altered(incident: Incident, clocks: Iterable[Clock], at: datetime) -> Iterator[Finding]:
    for clock in clocks:
        if clock.run_state != "running":
            continue
        due_at, broken = _replayed(clock, at)
        what = clock.get_kind_display()
        if due_at != clock.due_at and at - incident.updated_at > GRACE and not broken:
            by_ledger = f"is due {due_at:%d %b %H:%M:%S} UTC" if due_at else "has no due time"
            sentence = f"By its ledger the {what} promise {by_ledger}; its row says otherwise."
            yield Finding(
                Check.CLOCK_ALTERED, f"clock {clock.pk}", sentence, incident.number, due_at
            )
        said = sum(mark.kind != MarkKind.WARNING for mark in clock.marks.all())
        for instant in broken[said:]:
            if instant < at - GRACE:
                sentence = f"The {what} promise broke and nobody was told."
                yield Finding(
                    Check.CLOCK_UNSAID, f"clock {clock.pk}", sentence, incident.number, instant
                )
                break


def _replayed(clock: Clock, at: datetime) -> tuple[datetime | None, tuple[datetime, ...]]:
    """Due time and the instants at which the promise broke, from the ledger alone."""
    rows = sorted(clock.events.all(), key=lambda event: event.seq)
    calendar, ledger = rule_events(clock, rows)
    target_us = clock.target_s * SECOND_US
    if clock.kind == ClockKindChoice.CADENCE:
        cadence = cadence_state(ledger, interval_us=target_us, calendar=calendar, at=at)
        return cadence.next_due_at, tuple(cadence.missed_at)
    state = clock_state(ledger, kind=clock.kind, target_us=target_us, calendar=calendar, at=at)
    return state.due_at, (state.breached_at,) if state.breached_at else ()


def _unpaged(incident: Incident, at: datetime) -> Iterator[Finding]:
    if incident.state not in UNANSWERED or incident.held_by_id or at - incident.opened_at < GRACE:
        return
    doc = policy_doc(incident.policy_version_id)
    rule = doc.severities[Severity(incident.severity)]
    name = incident.explanation.get("ladder") or rule.ladder
    if rule.ladder_start is not LadderStart.AT_ONCE or name not in doc.ladders:
        return
    if not incident.ladder_runs.all():
        sentence = f"Ladder {name} was to begin at opening and did not."
        yield Finding(
            Check.LADDER_MISSING,
            incident.key,
            sentence,
            incident.number,
            incident.opened_at,
        )
