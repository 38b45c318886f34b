"""Timeline rows in the words and icons of the page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from escalations.models import TimelineEvent
from escalations.models.timeline import Visibility
from escalations.rules.folding import Voice, voice_of
from escalations.selectors.discretion import discreet
from escalations.templatetags.belay import duration

NOTICED_LATE_S = 30
ICONS = {
    "opened": "inbox",
    "decided": "gauge",
    "assigned": "user",
    "no_owner": "circle-dashed",
    "claimed": "user-plus",
    "took_over": "user-plus",
    "acknowledged": "check",
    "triaged": "gauge",
    "sorted": "gauge",
    "arrived": "inbox",
    "verified": "search",
    "mitigating": "wrench",
    "relapsed": "rotate-ccw",
    "containment_proposed": "flag",
    "contained": "shield-check",
    "monitoring": "activity",
    "resolved": "circle-check",
    "closed": "lock",
    "reopened": "rotate-ccw",
    "paused": "pause",
    "resumed": "play",
    "escalated": "arrow-up-right",
    "severity": "scale",
    "update": "megaphone",
    "note": "sticky-note",
    "cancelled": "ban",
    "undone": "rotate-ccw",
    "chase": "timer",
    "reply": "message-square",
    "letter_sent": "mail",
    "letter_failed": "octagon-alert",
    "handoff_asked": "arrow-left-right",
    "handoff_returned": "rotate-ccw",
    "handed_off": "user-check",
    "owner_named": "user-check",
    "ping_pong": "triangle-alert",
    "merged": "arrow-left-right",
    "merged_in": "arrow-left-right",
    "unmerged": "rotate-ccw",
    "kept": "wrench",
    "clock_repaired": "clock",
    "breach_cause": "flag",
    "link": "arrow-left-right",
    "signal": "radio",
    "signal_ended": "circle-check",
    "facts": "sticky-note",
    "kpi_state": "chart-line",
    "state": "circle-dot",
    "ladder_page": "bell",
    "ladder_empty": "triangle-alert",
    "ladder_fallback": "bell",
    "ladder_jump": "arrow-up-right",
    "ladder_halted": "check",
    "ack_expired": "timer",
    "clock_warning": "timer",
    "clock_breach": "octagon-alert",
    "clock_miss": "octagon-alert",
    "clock_stopped": "clock",
    "clock_retargeted": "clock",
    "playbook_started": "list-checks",
    "playbook_approved": "user-check",
    "playbook_step": "check",
    "playbook_skipped": "chevron-right",
    "playbook_late": "timer",
    "playbook_stopped": "ban",
    "playbook_ended": "flag",
    "note_withdrawn": "ban",
    "evidence": "paperclip",
    "evidence_withdrawn": "ban",
    "decision": "scale",
    "decision_asked": "scale",
    "decision_approved": "user-check",
    "decision_declined": "ban",
    "decision_withdrawn": "ban",
    "decision_expired": "timer",
    "milestone": "flag",
    "milestone_done": "circle-check",
    "milestone_moved": "clock",
    "milestone_dropped": "ban",
    "milestone_late": "timer",
    "workstream": "list-checks",
    "workstream_ended": "circle-check",
    "task_force": "users",
    "task_force_changed": "users",
}
# Said in the sentence or beside it already, or of no use to people.
SILENT = {"policy", "rule", "position", "ladder", "level", "late_by_s", "signal", "is_silent"}
SILENT |= {
    "number",
    "is_return",
    "from",
    "to",
    "percent",
    "clock",
    "cycle",
    "outcome",
    "run",
    "position",
}
# Each change of state stands beside the event that caused it, which says more.
HIDDEN = frozenset({"state"})
VOICE_WORDS = {Voice.PEOPLE: "Person", Voice.CUSTOMER: "Customer", Voice.MACHINE: "Belay"}
VOICE_ICONS = {Voice.PEOPLE: "user", Voice.CUSTOMER: "megaphone", Voice.MACHINE: "cpu"}


@dataclass(frozen=True, slots=True)
class Event:
    seq: int
    kind: str
    voice: Voice
    icon: str
    title: str
    text: str
    at: datetime
    actor: str = ""
    is_public: bool = False
    rule: str = ""
    late_by: str = ""
    detail: str = ""
    taken_back: str = ""
    may_take_back: bool = False

    @property
    def voice_word(self) -> str:
        return VOICE_WORDS[self.voice]

    @property
    def voice_icon(self) -> str:
        return VOICE_ICONS[self.voice]


WAITS = {
    "customer_wait": "Waiting for the customer.",
    "third_party_wait": "Waiting for a third party.",
}


def story(rows: Iterable[TimelineEvent], user: User) -> tuple[Event, ...]:
    return tuple(_event(row, user) for row in rows if row.kind not in HIDDEN)


def _event(row: TimelineEvent, user: User) -> Event:
    detail: dict[str, Any] = discreet(row.detail, user)
    actor = str(row.actor) if row.actor else ""
    title, text = row.sentence, WAITS.get(row.reason, row.reason)
    if row.kind == "update":
        title, text = f"{actor or 'Somebody'} told the customer", row.sentence
    elif row.kind == "reply":
        title, text = f"{detail.get('who') or 'The customer'} replied", row.sentence
    elif row.kind == "note":
        title, text = f"{actor or 'Somebody'} wrote a note", row.sentence
    late_s = max(int(detail.get("late_by_s") or 0), _lag(row))
    is_public = row.visibility == Visibility.CUSTOMER
    voice = voice_of(row.kind, is_public=is_public, has_actor=bool(row.actor_id))
    withdrawal = getattr(row, "withdrawal", None)
    return Event(
        seq=row.seq,
        kind=row.kind,
        voice=voice,
        taken_back=f"{withdrawal.withdrawn_by}: {withdrawal.reason}" if withdrawal else "",
        may_take_back=row.kind == "note" and row.actor_id == user.pk and withdrawal is None,
        icon=ICONS.get(row.kind, "circle-dot"),
        title=title,
        text=text,
        at=row.at,
        actor=_speaker(voice, actor),
        is_public=is_public,
        rule=_rule(detail),
        late_by=f"Noticed {duration(late_s)} later" if late_s > NOTICED_LATE_S else "",
        detail="\n".join(
            f"{name.replace('_', ' ').capitalize()}: {value}"
            for name, value in detail.items()
            if name not in SILENT and value not in ("", None, [], {})
        ),
    )


def _speaker(voice: Voice, actor: str) -> str:
    if not actor:
        return "Belay"
    return f"Belay, after {actor}" if voice is Voice.MACHINE else actor


def _lag(row: TimelineEvent) -> int:
    """How late a machine's own entry was written; what people report late is no fault."""
    if row.actor_id or not row.kind.startswith(("clock_", "ladder_", "ack_", "playbook_late")):
        return 0
    return int((row.recorded_at - row.at).total_seconds())


def _rule(detail: dict[str, Any]) -> str:
    parts = []
    if detail.get("rule"):
        parts.append(f"Rule: {detail['rule']}")
    if detail.get("ladder"):
        level = detail.get("level")
        parts.append(f"Ladder {detail['ladder']}, {f'level {level}' if level else 'fallback'}")
    if detail.get("policy"):
        parts.append(str(detail["policy"]))
    return " · ".join(parts)
