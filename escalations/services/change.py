"""One verb at work on one incident, as its effect sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from escalations.models import Incident, TimelineEvent
from escalations.rules.lifecycle import Situation
from escalations.services.recorder import Recorder

SECOND_PERSON_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Change:
    incident: Incident
    situation: Situation
    by: User
    recorder: Recorder

    @property
    def at(self) -> datetime:
        return self.recorder.at

    def given(self, name: str) -> Any:
        return self.situation.given.get(name)

    def event(self, kind: str, sentence: str, **more: Any) -> None:
        self.recorder.event(self.incident, kind, sentence, by=self.by, **more)


def second_person(change: Change, what: str) -> bool:
    """An S1 is lowered, cancelled or merged by two: one proposes, another confirms in a day."""
    incident = change.incident
    kind = f"proposed_{what}"
    earlier = (
        TimelineEvent.objects.filter(
            incident=incident, kind=kind, recorded_at__gte=change.at - SECOND_PERSON_WITHIN
        )
        .exclude(actor=change.by)
        .exists()
    )
    if not earlier:
        change.event(
            kind,
            f"{change.by} proposes {what}; a second person must ask for the same.",
            reason=change.given("reason") or "",
        )
    return earlier
