"""What a change of running promises would do: per clock the due time before and after. Nothing is
written; the rule is asked about the ledger with the change at its end."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import QuerySet

from accounts.models import ServiceHoursVersion
from accounts.selectors.service_hours import calendar_of, versions_of
from escalations.models import Clock, ClockEvent, Incident
from escalations.models.clocks import ClockKindChoice
from escalations.models.repairs import ClockRepair, RepairKind
from escalations.rules.cadence import cadence_state
from escalations.rules.clocks import clock_state
from escalations.rules.lifecycle import OPEN_STATES, UNANSWERED, State
from escalations.rules.policy import ClockKind, Severity
from escalations.selectors.clocks import SECOND_US, rule_events
from escalations.selectors.hours import Calendars, calendar_id, calendar_version, running_clocks
from escalations.selectors.incidents import iso
from escalations.selectors.policies import policy_doc


@dataclass(frozen=True, slots=True)
class Difference:
    """`event` holds the fields of the ledger's new line."""

    clock: Clock
    event: dict[str, Any]
    target_s: int
    due_at: datetime | None
    breaks: bool

    @property
    def starts(self) -> bool:
        """The clock is not there yet: the new policy promises what the old one did not."""
        return self.clock.pk is None

    def as_json(self) -> dict[str, Any]:
        """As it is stored and shown."""
        return {
            "clock": self.clock.pk,
            "incident": self.clock.incident_id,
            "kind": self.clock.kind,
            "old_target_s": None if self.starts else self.clock.current_target_s,
            "new_target_s": self.target_s,
            "old_due_at": iso(self.clock.due_at),
            "new_due_at": iso(self.due_at),
            "breaks": self.breaks,
            "starts": self.starts,
        }


def differences(
    repair: ClockRepair, at: datetime, among: Collection[int] | None = None
) -> list[Difference]:
    """Clocks that would change, in order; `among` these incidents. Queries do not grow with the
    clocks, but with the calendars that differ among them."""
    found = []
    for clock, event in _events(repair, at, among):
        new = ClockEvent(clock=clock, seq=10**6, at=at, **event)
        stored = clock.events.all() if clock.pk else ()
        target_s, due_at, breached = _after(clock, [*stored, new], at)
        is_same = due_at == clock.due_at and target_s == clock.current_target_s
        if clock.pk and is_same and "calendar" not in event:
            continue
        breaks = breached and clock.outcome != "missed"
        found.append(Difference(clock, event, target_s, due_at, breaks))
    return sorted(found, key=lambda each: (each.clock.incident_id, each.clock.kind))


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


def _events(
    repair: ClockRepair, at: datetime, among: Collection[int] | None
) -> Iterator[tuple[Clock, dict[str, Any]]]:
    clocks = running_clocks()
    incidents = Incident.objects.real().filter(state__in=OPEN_STATES)
    if among is not None:
        clocks = clocks.filter(incident__in=among)
        incidents = incidents.filter(pk__in=among)
    match repair.kind:
        case RepairKind.POLICY:
            known = cache(versions_of)
            yield from _by_policy(repair, clocks, at, known)
            yield from _new_promises(repair, incidents, at, known)
        case RepairKind.DUE:
            yield from _by_hand(repair, clocks.filter(pk=repair.clock_id or 0), at)
        case _:
            yield from _by_hours(repair, clocks)


def _by_policy(
    repair: ClockRepair, clocks: QuerySet[Clock], at: datetime, known: Calendars
) -> Iterator[tuple[Clock, dict[str, Any]]]:
    """A tighter target never postpones, a wider one keeps what elapsed. A promise that the new
    policy does not make keeps its old target. Other hours count from now on."""
    version = repair.policy_version
    assert version is not None
    doc = policy_doc(version.pk)
    hours_of = dict(ServiceHoursVersion.objects.values_list("pk", "service_hours"))
    rows = clocks.filter(incident__policy_version__policy=version.policy_id)
    for clock in rows.exclude(incident__policy_version=version):
        incident = clock.incident
        target = doc.severities[Severity(incident.severity)].targets.get(ClockKind(clock.kind))
        if target is None:
            continue
        new = calendar_version(
            incident, is_business=target.is_business, at=at, known=known, policy=version
        )
        hours = _other_hours(calendar_id(clock), new, hours_of)
        if target.target_s == clock.current_target_s:
            if hours:
                yield clock, {"type": "calendar_change", "mode": "adopt_forward", **hours}
        elif clock.kind == ClockKindChoice.CADENCE:
            yield clock, {"type": "interval", "target_s": target.target_s, **hours}
        else:
            is_tighter = target.target_s < clock.current_target_s
            mode = "earliest" if is_tighter else "keep_elapsed"
            yield clock, {"type": "retarget", "target_s": target.target_s, "mode": mode, **hours}


def _other_hours(
    old: int | None, new: ServiceHoursVersion | None, hours_of: dict[int, int]
) -> dict[str, Any]:
    """What the ledger's line says of the calendar; nothing where the hours stay the same. A new
    version of the same hours is taken over by itself."""
    if new is None:
        return {} if old is None else {"calendar": None, "is_always_open": True}
    is_same = old is not None and hours_of[old] == new.service_hours_id
    return {} if is_same else {"calendar": new}


def _new_promises(
    repair: ClockRepair, incidents: QuerySet[Incident], at: datetime, known: Calendars
) -> Iterator[tuple[Clock, dict[str, Any]]]:
    """What the new policy promises and the old one did not, counted from now: nobody is late for
    a promise that was not made. What was answered or contained is not asked for again."""
    version = repair.policy_version
    assert version is not None
    doc = policy_doc(version.pk)
    rows = (
        incidents.filter(policy_version__policy=version.policy_id)
        .exclude(policy_version=version)
        .select_related("account", "team", "policy_version")
    )
    for incident in rows.prefetch_related("clocks").order_by("pk"):
        ran = {clock.kind for clock in incident.clocks.all()}
        for kind, target in doc.severities[Severity(incident.severity)].targets.items():
            if kind.value in ran or not _is_owed(kind, incident):
                continue
            calendar = calendar_version(
                incident, is_business=target.is_business, at=at, known=known, policy=version
            )
            clock = Clock(
                incident=incident,
                kind=kind.value,
                target_s=target.target_s,
                current_target_s=target.target_s,
                calendar=calendar,
                started_at=at,
            )
            yield clock, {"type": "start"}


def _is_owed(kind: ClockKind, incident: Incident) -> bool:
    if kind is ClockKind.RESPONSE:
        return incident.state in UNANSWERED
    if kind is ClockKind.RESTORE:
        return incident.state not in (State.CONTAINED, State.MONITORING)
    if kind is ClockKind.OLA:
        return incident.accepted_at is not None and incident.team_id is not None
    return True


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
