"""The date at which somebody asks again for what is awaited."""

from __future__ import annotations

from datetime import datetime

from escalations.models.notices import NoticeKind
from escalations.services.finishing import finish
from escalations.services.locks import lock_clock
from escalations.services.recorder import Recorder


def settle_chase(pk: int, at: datetime) -> bool:
    """The owner is reminded once, however many clocks wait for the same. Nothing resumes by
    itself: whether the wait is over, people know."""
    clock = lock_clock(pk)
    if clock.chase_at is None or clock.chase_at > at:
        return False
    incident, asked_for, since = clock.incident, clock.awaiting, clock.paused_since
    waits = incident.clocks.filter(chase_at=clock.chase_at)
    due_at = clock.chase_at
    waits.update(chase_at=None)
    if clock.run_state != "paused":
        return True
    recorder = Recorder(at)
    recorder.event(
        incident,
        "chase",
        f"Time to ask again: it waits for {asked_for}.",
        at=due_at,
        detail={"since": since.isoformat() if since else ""},
    )
    if incident.commander is not None:
        recorder.notice(
            incident,
            incident.commander,
            NoticeKind.WARNING,
            key=f"chase:{int(due_at.timestamp())}",
            headline=f"Ask again: {asked_for}"[:200],
            why="you own this incident, and it waits.",
            lines=("Resume it if the answer is there, or pause it again with a new date.",),
        )
    finish(incident, recorder, before=incident.state)
    return True
