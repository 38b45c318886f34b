"""Guards of the moves that take an incident elsewhere: to other people, or into another one."""

from __future__ import annotations

from datetime import timedelta

from escalations.rules.situation import OPEN_STATES, Situation, Unmet

UNMERGE_WITHIN = timedelta(days=1)


def none_pending(s: Situation) -> Unmet | None:
    if not s.handoff:
        return None
    return Unmet("handoff_pending", f"It is offered to {s.handoff_to}: withdraw that first.")


def may_leave(s: Situation) -> Unmet | None:
    """Sent to and fro, it stays where a duty manager puts it."""
    if "cancel_incident" in s.rights:
        return None
    if s.is_ping_pong:
        return Unmet(
            "owner_to_be_named", "It went to and fro: a duty manager names who keeps it now."
        )
    if s.keep_owner_until is not None and s.at < s.keep_owner_until:
        return Unmet(
            "owner_named",
            f"A duty manager named its owner: only they may hand it off before "
            f"{s.keep_owner_until:%H:%M} UTC.",
        )
    return None


def to_somebody(s: Situation) -> Unmet | None:
    if s.given.get("to_person") or s.given.get("to_team"):
        return None
    return Unmet("to_missing", "Name the person or the team that takes it.", "to_person")


def asked_of_me(s: Situation) -> Unmet | None:
    if s.handoff == "asked_of_me":
        return None
    if not s.handoff:
        return Unmet("no_handoff", "No hand-off waits for an answer.")
    return Unmet("not_asked", f"{s.handoff_to} is asked, not you.")


def asked_by_me(s: Situation) -> Unmet | None:
    if s.handoff == "asked_by_me" or (s.handoff and "cancel_incident" in s.rights):
        return None
    if not s.handoff:
        return Unmet("no_handoff", "No hand-off waits for an answer.")
    return Unmet("not_sender", "Its sender or a duty manager withdraws it.")


def into_open(s: Situation) -> Unmet | None:
    if not s.given.get("into"):
        return Unmet("into_missing", "Name the incident that goes on.", "into")
    if s.is_into_itself:
        return Unmet("into_itself", "An incident is not merged into itself.", "into")
    if s.into_state in OPEN_STATES:
        return None
    if not s.into_state:
        return Unmet("into_unknown", "There is no such incident.", "into")
    return Unmet("into_not_open", f"The other one is {s.into_state}: it must be open.", "into")


def into_no_milder(s: Situation) -> Unmet | None:
    """A merge never gets rid of a tighter promise."""
    if s.into_severity is None or s.into_severity <= s.severity:
        return None
    return Unmet(
        "into_milder",
        f"The other one is only {s.into_severity.label}: raise it to {s.severity.label} first.",
        "into",
    )


def merged_lately(s: Situation) -> Unmet | None:
    if s.merged_at is not None and s.at - s.merged_at <= UNMERGE_WITHIN:
        return None
    return Unmet("merged_too_long", "Merged over a day ago: open a new incident and link it.")
