"""What the machine knows for a hand-off's packet; a person completes it."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import User
from accounts.selectors.people import rights_of
from escalations.models import Incident, TimelineEvent
from escalations.selectors.action_words import LABELS
from escalations.selectors.actions import next_verb
from escalations.templatetags.belay import countdown

TOLD = ("update", "note")
LAST = 2


def packet_of(incident: Incident, user: User, at: datetime) -> dict[str, str]:
    """Values for the fields of the hand-off form. Three queries."""
    clocks = list(incident.clocks.filter(run_state__in=["running", "paused"]).order_by("due_at"))
    running = [
        (each.get_kind_display(), each.due_at)
        for each in clocks
        if each.run_state == "running" and each.due_at
    ]
    waits = sorted({each.awaiting for each in clocks if each.awaiting})
    late = [f"{label} {countdown(due_at, at)}" for label, due_at in running[:LAST]]
    rows = TimelineEvent.objects.filter(incident=incident, kind__in=TOLD).order_by("-seq")
    said = [row.sentence for row in rows[:LAST]]
    verb = next_verb(incident, user, rights_of(user))
    due = min((due_at for _, due_at in running if due_at > at), default=None)
    status = [f"{incident.get_state_display()}.", *(f"Waits for {each}." for each in waits)]
    return {
        "summary": "\n".join([incident.title, *reversed(said)])[:2000],
        "status": " ".join(status)[:2000],
        "risks": (f"{'; '.join(late)}." if late else "No clock runs.")[:2000],
        "next_step": LABELS[verb] if verb else "Look at it and decide",
        "next_step_due_at": f"{due or at + timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "next_step_owner": "",
    }
