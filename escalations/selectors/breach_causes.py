"""What is known of a broken promise's time, for the rule that proposes its cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from escalations.models import Clock, ClockEvent, Handoff, Incident, TimelineEvent
from escalations.models.clocks import CAUSES, ClockKindChoice, ClockMark, MarkKind
from escalations.models.timeline import Visibility
from escalations.rules.breach_causes import CAPACITY, LABELS, Cause, Interval, Story
from escalations.rules.lifecycle import OPEN_STATES, State
from escalations.selectors.clocks import LoggedEvent

CHANGES = {
    "retarget": Cause.RETARGET,
    "interval": Cause.RETARGET,
    "adopt_start": Cause.RETARGET,
    "calendar_change": Cause.CALENDAR,
}
# Owned, and nobody works on the fault itself: we wait for a decision, a check or a confirmation.
INTERNAL = frozenset({State.ACKNOWLEDGED, State.VERIFYING})
OWNER_GONE = frozenset({"owner_left", "reopened", "no_owner"})
OWNED = frozenset({"claimed", "handed_off", "owner_named"})


Asked = tuple[Clock, Sequence[ClockEvent | LoggedEvent], ClockMark]


def story_of(clock: Clock, events: Sequence[ClockEvent | LoggedEvent], mark: ClockMark) -> Story:
    return stories_of([(clock, events, mark)])[0]


def stories_of(asked: Sequence[Asked]) -> list[Story]:
    """In the order asked, by three queries however many. A cadence is judged over the interval
    that was missed."""
    known = _Known(asked)
    return [_story(*each, known) for each in asked]


class _Known:
    """What the database says of the incidents asked for."""

    def __init__(self, asked: Sequence[Asked]) -> None:
        incidents = {clock.incident_id: clock.incident for clock, _, _ in asked}
        latest = max(mark.due_at for _, _, mark in asked)
        self.rows: dict[int, list[TimelineEvent]] = defaultdict(list)
        events = TimelineEvent.objects.filter(incident__in=incidents, at__lte=latest)
        for row in events.order_by("incident", "at", "seq"):
            self.rows[row.incident_id].append(row)
        self.handoffs: dict[int, list[tuple[datetime, list[datetime | None]]]] = defaultdict(list)
        waits = Handoff.objects.filter(incident__in=incidents, asked_at__lt=latest)
        for number, asked_at, *ends in waits.values_list(
            "incident", "asked_at", "accepted_at", "declined_at", "withdrawn_at", "returned_at"
        ):
            self.handoffs[number].append((asked_at, ends))
        owners = {one.commander_id for one in incidents.values() if one.commander_id}
        self.in_hand: dict[int, set[int]] = defaultdict(set)
        if owners:
            taken = Incident.objects.filter(
                commander__in=owners, accepted_at__isnull=False, state__in=OPEN_STATES
            )
            for owner, number in taken.values_list("commander_id", "pk"):
                self.in_hand[owner].add(number)

    def is_overloaded(self, incident: Incident) -> bool:
        if incident.commander_id is None:
            return False
        return len(self.in_hand[incident.commander_id] - {incident.pk}) >= CAPACITY


def _story(
    clock: Clock, events: Sequence[ClockEvent | LoggedEvent], mark: ClockMark, known: _Known
) -> Story:
    incident, end = clock.incident, mark.due_at
    start = clock.started_at
    if clock.kind == ClockKindChoice.CADENCE:
        told = [e.at for e in events if e.type in ("start", "update") and e.at < end]
        start = max(told, default=start)
    rows = [row for row in known.rows[incident.pk] if row.at <= end]
    states = _states(rows, incident, end)
    owned = _owned(rows, end)
    answered = incident.acknowledged_at
    spans: dict[Cause, Sequence[Interval]] = {
        Cause.HANDOFF_DELAY: [
            (asked, min(filter(None, (*ended, end))))
            for asked, ended in known.handoffs[incident.pk]
            if asked < end
        ],
        Cause.NO_OWNER: _gaps(owned, answered or end, end)
        if answered or incident.commander_id
        else [(start, end)],
        Cause.NO_ACK: [(start, min(answered or end, end))],
        Cause.WAITING_CUSTOMER_UNTRACKED: _asked(rows, end),
        Cause.WAITING_INTERNAL: [
            *(span for state, span in states if state in INTERNAL),
            *_unconfirmed(incident, end),
        ],
        Cause.TECHNICAL: [span for state, span in states if state == State.MITIGATING],
    }
    if known.is_overloaded(incident):
        spans[Cause.CAPACITY] = spans[Cause.WAITING_INTERNAL]
    changed = next((CHANGES[e.type] for e in events if e.at == end and e.type in CHANGES), None)
    return Story(start, end, changed, spans, _pauses(events, end))


def _states(
    rows: Iterable[TimelineEvent], incident: Incident, end: datetime
) -> list[tuple[str, Interval]]:
    found, state, since = [], State.NEW.value, incident.opened_at
    for row in rows:
        if row.kind == "state":
            found.append((state, (since, row.at)))
            state, since = str(row.detail.get("to", "")), row.at
    return [*found, (state, (since, end))]


def _owned(rows: Iterable[TimelineEvent], end: datetime) -> list[Interval]:
    """When somebody had accepted it."""
    found: list[Interval] = []
    since: datetime | None = None
    for row in rows:
        if row.kind in OWNED and since is None:
            since = row.at
        elif row.kind in OWNER_GONE and since is not None:
            found.append((since, row.at))
            since = None
    return [*found, (since, end)] if since is not None else found


def _gaps(owned: Sequence[Interval], start: datetime, end: datetime) -> list[Interval]:
    found, last = [], start
    for a, b in owned:
        found.append((last, a))
        last = max(last, b)
    return [*found, (last, end)]


def _asked(rows: Iterable[TimelineEvent], end: datetime) -> list[Interval]:
    """From an update that asks the customer something to whatever happened next."""
    found: list[Interval] = []
    since: datetime | None = None
    for row in rows:
        if since is not None and (row.actor_id or row.kind == "signal"):
            found.append((since, row.at))
            since = None
        if row.visibility == Visibility.CUSTOMER and "?" in row.sentence:
            since = row.at
    return [*found, (since, end)] if since is not None else found


def _unconfirmed(incident: Incident, end: datetime) -> list[Interval]:
    """Containment proposed, and nobody senior said yes."""
    proposed = incident.containment_proposed_at
    return [(proposed, incident.contained_at or end)] if proposed else []


def _pauses(events: Iterable[ClockEvent | LoggedEvent], end: datetime) -> list[Interval]:
    found: list[Interval] = []
    since: datetime | None = None
    for event in events:
        if event.type == "pause" and since is None:
            since = event.at
        elif event.type in ("resume", "customer_reply") and since is not None:
            found.append((since, event.at))
            since = None
    return [*found, (since, end)] if since is not None else found


def incident_of(mark: int) -> int:
    """The number of the incident of a breach that exists."""
    return ClockMark.objects.values_list("clock__incident", flat=True).get(pk=mark)


@dataclass(frozen=True, slots=True)
class CauseView:
    """Of the last breach of a clock: what is said of its cause, and by whom."""

    pk: int
    cause: str
    label: str
    note: str
    confirmed_by: str
    choices: tuple[tuple[str, str], ...]


def cause_view(clock: Clock) -> CauseView | None:
    """None without a breach. Reads the prefetched marks; no query."""
    marks = [mark for mark in clock.marks.all() if mark.kind != MarkKind.WARNING]
    if not marks:
        return None
    mark = max(marks, key=lambda each: (each.due_at, each.pk))
    label = LABELS[Cause(mark.cause)] if mark.cause else "Not said yet"
    by = str(mark.cause_confirmed_by) if mark.cause_confirmed_by else ""
    return CauseView(mark.pk, mark.cause, label, mark.cause_note, by, tuple(CAUSES))
