"""Collects what one change causes, timeline events and notices, and writes it in two inserts.

Every service that changes an incident takes a `Recorder`, so that a burst of incidents costs the
same number of statements as one. The caller is inside `atomic()` and holds the incidents' locks
(or has just inserted them); `write()` comes last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings

from accounts.models import User
from config.lib.rows import new
from config.lib.statements import ask, insert, marks
from escalations.models import Incident, LadderStep, Notice, TimelineEvent
from escalations.models.notices import NoticeKind
from escalations.models.timeline import Visibility
from escalations.rules.policy import Severity
from escalations.selectors.standby import Standby
from escalations.services.addressing import Ways
from escalations.services.automation_keeping import Pauses

DELIVER = "escalations.tasks.delivery.deliver"
LAST = """
    SELECT incident_id, MAX(seq) FROM escalations_timelineevent
    WHERE incident_id IN {} GROUP BY incident_id
"""


class Recorder:
    def __init__(self, at: datetime, standby: Standby | None = None) -> None:
        self.at = at
        if standby is not None:
            self.standby = standby
        self._events: list[TimelineEvent] = []
        self._notices: dict[str, Notice] = {}
        self._told: set[tuple[int, int]] = set()  # incident, person
        self._new: set[int] = set()

    @cached_property
    def ways(self) -> Ways:
        return Ways(self.standby.kept)

    @cached_property
    def standby(self) -> Standby:
        """Who is on call and reachable at this instant, read once for the whole change."""
        return Standby(self.at)

    @cached_property
    def pauses(self) -> Pauses:
        """Of automation, as far as they last at this instant."""
        return Pauses(self.standby)

    def begins(self, incidents: Iterable[Incident]) -> None:
        """These were inserted by this change: nothing is stored of them yet."""
        self._new.update(incident.number for incident in incidents)

    def is_new(self, incident: Incident) -> bool:
        return incident.number in self._new

    def event(
        self,
        incident: Incident,
        kind: str,
        sentence: str,
        *,
        by: User | None = None,
        at: datetime | None = None,
        reason: str = "",
        detail: dict[str, Any] | None = None,
        is_public: bool = False,
    ) -> None:
        """`at` is when it happened, when that is not now."""
        self._events.append(
            new(
                TimelineEvent,
                incident=incident,
                kind=kind,
                at=at or self.at,
                recorded_at=self.at,
                actor=by,
                sentence=sentence,
                reason=reason,
                detail=detail or {},
                visibility=Visibility.CUSTOMER if is_public else Visibility.INTERNAL,
            )
        )

    def told_customer(self, incident: Incident) -> list[TimelineEvent]:
        """What this change says to the customer, before it is written."""
        return [
            event
            for event in self._events
            if event.incident.pk == incident.pk and event.visibility == Visibility.CUSTOMER
        ]

    def why(self, incident: Incident) -> str:
        """What was said about this incident so far, reasons first; for its change history."""
        events = [event for event in self._events if event.incident.pk == incident.pk]
        return " ".join(event.reason or event.sentence for event in events)

    def notice(
        self,
        incident: Incident,
        recipient: User,
        kind: NoticeKind,
        *,
        key: str,
        headline: str,
        why: str,
        lines: tuple[str, ...] = (),
        step: LadderStep | None = None,
        not_before: datetime | None = None,
        delay_reason: str = "",
        way: int = 1,
    ) -> None:
        """One message to one person. `key` is unique within incident and person; saying the same
        key twice in one change keeps the first. Unreachable people get none. `not_before` is when
        it may leave, when that is not now, and `delay_reason` why. `way`: by the first of the
        recipient's ways, the second."""
        full_key = f"{incident.number}:{recipient.pk}:{key}" + (f":way{way}" if way > 1 else "")
        if full_key in self._notices or not recipient.is_reachable:
            return
        severity = Severity(incident.severity).label
        incident_why = str(incident.explanation.get("why", ""))
        screen = "page/" if kind == NoticeKind.PAGE else ""
        text = "\n".join(
            (
                f"{severity} {incident.title}",
                headline,
                *lines,
                "",
                f"Why you got this: {why}",
                *((incident_why,) if incident_why else ()),
                "",
                f"Open it: {settings.BASE_URL}/incidents/{incident.number}/{screen}",
                "",
            )
        )
        self._notices[full_key] = new(
            Notice,
            key=full_key,
            incident=incident,
            kind=kind,
            recipient=recipient,
            way=way,
            subject=f"[{incident.key}] {severity} {headline}: {incident.title}"[:400].replace(
                "\n", " "
            ),
            text=text,
            created_at=self.at,
            not_before=not_before or self.at,
            step=step,
            delay_reason=delay_reason,
            drill_id=incident.drill_id,
        )
        self._told.add((incident.number, recipient.pk))

    def has_notice_for(self, incident: Incident, recipient: User) -> bool:
        return (incident.number, recipient.pk) in self._told

    def write(self) -> None:
        if self._events:
            self._number_events()
            insert(self._events, with_keys=False)
        if self._notices:
            # A key that is stored already was told already: a repeat is dropped by the database.
            letters = self.ways.address(list(self._notices.values()))
            insert(letters, is_repeat_fine=True)
        self._events, self._notices = [], {}
        self._told, self._new = set(), set()

    def _number_events(self) -> None:
        incidents = {event.incident_id for event in self._events} - self._new
        last: Counter[int] = Counter()
        if incidents:
            last.update(dict(ask(LAST.format(marks(incidents)), incidents)))
        for event in self._events:
            last[event.incident_id] += 1
            event.seq = last[event.incident_id]
