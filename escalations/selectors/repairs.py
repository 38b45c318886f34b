"""What a change of running promises would do: per clock the due time before and after. Nothing is
written; the rule is asked about the ledger with the change at its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import ServiceHoursVersion
from accounts.selectors.service_hours import calendar_of
from escalations.models import Clock, ClockEvent
from escalations.models.clocks import ClockKindChoice
from escalations.models.repairs import ClockRepair, RepairKind
from escalations.rules.cadence import cadence_state
from escalations.rules.clocks import clock_state
from escalations.rules.lifecycle import OPEN_STATES
from escalations.rules.policy import ClockKind, Severity
from escalations.selectors.clocks import SECOND_US, rule_events
from escalations.selectors.incidents import iso
from escalations.selectors.policies import policy_doc

LIVE = ("running", "paused")


@dataclass(frozen=True, slots=True)
class Difference:
    """`event` holds the fields of the ledger's new line."""

    clock: Clock
    event: dict[str, Any]
    target_s: int
    due_at: datetime | None
    breaks: bool

    def as_json(self) -> dict[str, Any]:
        """As it is stored and shown."""
        return {
            "clock": self.clock.pk,
            "incident": self.clock.incident_id,
            "kind": self.clock.kind,
            "old_target_s": self.clock.current_target_s,
            "new_target_s": self.target_s,
            "old_due_at": iso(self.clock.due_at),
            "new_due_at": iso(self.due_at),
            "breaks": self.breaks,
        }


def differences(repair: ClockRepair, at: datetime) -> list[Difference]:
    """Clocks that would change, in order. Queries do not grow with the clocks, but with the
    calendars that differ among them."""
    found = []
    for clock, event in _events(repair, at):
        events = [*clock.events.all(), ClockEvent(clock=clock, seq=10**6, at=at, **event)]
        target_s, due_at, breached = _after(clock, events, at)
        if due_at == clock.due_at and target_s == clock.current_target_s:
            continue
        breaks = breached and clock.outcome != "missed"
        found.append(Difference(clock, event, target_s, due_at, breaks))
    return found


def _after(
    clock: Clock, events: list[ClockEvent], at: datetime
) -> tuple[int, datetime | None, bool]:
    calendar, ledger = rule_events(clock, events)
    if clock.kind == ClockKindChoice.CADENCE:
        first = clock.target_s * SECOND_US
        cadence = cadence_state(ledger, interval_us=first, calendar=calendar, at=at)
        targets = [event.target_s for event in events if event.target_s]
        return targets[-1] if targets else clock.target_s, cadence.next_due_at, False
    state = clock_state(
        ledger, kind=clock.kind, target_us=clock.target_s * SECOND_US, calendar=calendar, at=at
    )
    return state.target_us // SECOND_US, state.due_at, state.breached_at is not None


def _events(repair: ClockRepair, at: datetime) -> Iterator[tuple[Clock, dict[str, Any]]]:
    rows = Clock.objects.real().filter(run_state__in=LIVE, incident__state__in=OPEN_STATES)
    rows = rows.select_related("incident__account", "incident__team", "incident__policy_version")
    rows = rows.prefetch_related("events").order_by("incident_id", "pk")
    match repair.kind:
        case RepairKind.POLICY:
            yield from _by_policy(repair, rows)
        case RepairKind.DUE:
            yield from _by_hand(repair, rows.filter(pk=repair.clock_id or 0), at)
        case _:
            yield from _by_hours(repair, rows)


def _by_policy(repair: ClockRepair, rows: Any) -> Iterator[tuple[Clock, dict[str, Any]]]:
    """A tighter target never postpones, a wider one keeps what elapsed. A promise that the new
    policy does not make keeps its old target."""
    version = repair.policy_version
    assert version is not None
    doc = policy_doc(version.pk)
    rows = rows.filter(incident__policy_version__policy=version.policy_id)
    for clock in rows.exclude(incident__policy_version=version):
        severity = Severity(clock.incident.severity)
        target = doc.severities[severity].targets.get(ClockKind(clock.kind))
        if target is None or target.target_s == clock.current_target_s:
            continue
        is_tighter = target.target_s < clock.current_target_s
        if clock.kind == ClockKindChoice.CADENCE:
            yield clock, {"type": "interval", "target_s": target.target_s}
        else:
            mode = "earliest" if is_tighter else "keep_elapsed"
            yield clock, {"type": "retarget", "target_s": target.target_s, "mode": mode}


def _by_hours(repair: ClockRepair, rows: Any) -> Iterator[tuple[Clock, dict[str, Any]]]:
    hours = repair.hours
    assert hours is not None
    mode = "recompute" if repair.kind == RepairKind.RECOMPUTE else "adopt_forward"
    versions = set(
        ServiceHoursVersion.objects.filter(service_hours=hours.service_hours_id)
        .exclude(pk=hours.pk)
        .values_list("pk", flat=True)
    )
    for clock in rows:
        if calendar_id(clock) in versions:
            yield clock, {"type": "calendar_change", "mode": mode, "calendar": hours}


def _by_hand(
    repair: ClockRepair, rows: Any, at: datetime
) -> Iterator[tuple[Clock, dict[str, Any]]]:
    """What is left until the asked time, by the clock's own calendar, becomes its target."""
    assert repair.due_at is not None
    for clock in rows:
        left = calendar_of(calendar_id(clock)).elapsed_us(at, max(repair.due_at, at))
        target_s = max(1, left // SECOND_US)
        yield (
            clock,
            {"type": "retarget", "mode": "restart", "target_s": target_s, "reason": "by_hand"},
        )


def calendar_id(clock: Clock) -> int | None:
    """The version of hours that a clock counts by now; None: around the clock."""
    found = clock.calendar_id
    for event in clock.events.all():
        if event.calendar_id is not None or event.is_always_open:
            found = event.calendar_id
    return found
