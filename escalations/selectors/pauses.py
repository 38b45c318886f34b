"""Which share of their time promises stood still: of one incident, of teams, of a customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.db.models import DurationField, ExpressionWrapper, F, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from escalations.models import Clock, ClockEvent, Incident
from escalations.rules.clock_events import ClockEvent as Event
from escalations.rules.pauses import REASONS, Paused, paused_of
from escalations.selectors.clocks import rule_events
from escalations.templatetags.belay import duration

DAYS = 90
TYPES = ("start", "pause", "resume", "customer_reply", "stop", "cancel", "reopen")
WORDS = {"customer_wait": "the customer", "third_party_wait": "third parties"}


@dataclass(frozen=True, slots=True)
class Waiting:
    """What an incident waits for now, of its paused clocks; and how much of its time it waited."""

    awaiting: str
    reason: str
    since: datetime | None
    check_at: datetime | None
    is_overdue: bool
    share: str


@dataclass(frozen=True, slots=True)
class PausedShare:
    """`text` like `12 % (1 d 3 h)`, `split` like `8 % the customer, 4 % third parties`."""

    label: str
    text: str
    split: str


def waiting_of(clocks: list[Clock], at: datetime) -> Waiting:
    """No query where the events of `clocks` are at hand."""
    paused = [each for each in clocks if each.run_state == "paused"]
    first = min(paused, key=lambda each: each.pk) if paused else None
    promise = next((each for each in reversed(clocks) if each.kind == "resolution"), None)
    share = ""
    if promise is not None:
        found = paused_of(rule_events(promise)[1], at)
        if found.paused_s:
            share = f"{duration(found.paused_s)}, {_percent(found.share)} of its time"
    check_at = first.check_at if first else None
    return Waiting(
        awaiting=first.awaiting if first else "",
        reason=_reason(first) if first else "",
        since=first.paused_since if first else None,
        check_at=check_at,
        is_overdue=check_at is not None and check_at <= at,
        share=share,
    )


def _reason(clock: Clock) -> str:
    pauses = [event for event in clock.events.all() if event.type == "pause"]
    last = max(pauses, key=lambda event: event.seq, default=None)
    return last.reason if last else ""


def shares(incidents: QuerySet[Incident], by: str, at: datetime) -> dict[int, Paused]:
    """Of resolve promises of incidents received in the last 90 days, by the key `by` names
    (`account` or `team`). Two queries, whatever the numbers."""
    rows = Clock.objects.filter(
        incident__in=incidents.filter(received_at__gte=at - timedelta(days=DAYS), is_void=False),
        kind="resolution",
        cycle=1,
        drill=None,
    )
    key = f"incident__{by}"
    lasted = ExpressionWrapper(
        Coalesce("incident__resolved_at", Value(at)) - F("started_at"), output_field=DurationField()
    )
    totals = dict(rows.order_by().values_list(key).annotate(total=Sum(lasted)))
    held = ClockEvent.objects.filter(
        type__in=TYPES, clock__in=rows.filter(events__type="pause").values("pk")
    ).order_by("clock", "seq")
    sums = {each: dict.fromkeys(("all", *REASONS), 0.0) for each in totals}
    lines = held.values_list("clock", f"clock__{key}", "at", "type", "seq", "reason")
    for (_, group), events in groupby(lines, key=lambda line: line[:2]):
        ledger = [Event(at=e[2], type=e[3], seq=e[4], reason=e[5] or None) for e in events]
        found = paused_of(ledger, at)
        sums[group]["all"] += found.paused_s
        for reason, seconds in found.by_reason:
            sums[group][reason] += seconds
    return {
        group: Paused(
            total.total_seconds() if total else 0.0,
            sums[group]["all"],
            tuple((reason, sums[group][reason]) for reason in REASONS),
        )
        for group, total in totals.items()
        if group is not None
    }


def share_words(label: str, found: Paused | None) -> PausedShare | None:
    """None where nothing was promised, so that nothing could wait."""
    if found is None or found.share is None:
        return None
    split = [
        f"{_percent(seconds / found.total_s)} {WORDS[reason]}"
        for reason, seconds in found.by_reason
        if seconds / found.total_s >= 0.005
    ]
    text = _percent(found.share)
    if found.paused_s:
        text += f" ({duration(found.paused_s)})"
    return PausedShare(label, text, ", ".join(split))


def _percent(share: float | None) -> str:
    return f"{100 * (share or 0):.0f} %"
