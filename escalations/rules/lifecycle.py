"""The life of an incident: states, the table of moves, and their guards (SEMANTICS 2.6).

Every skin draws its buttons from `allowed`, and the one mover asks `unmet` before it moves. A
guard looks at a `Situation`, which holds everything it may ask, and answers a sentence or nothing;
all failed guards are reported at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from escalations.rules import moving_guards as moving
from escalations.rules.policy import Severity
from escalations.rules.situation import (
    OPEN_STATES,
    UNANSWERED,
    Guard,
    S,
    Situation,
    State,
    Unmet,
    Verification,
)
from escalations.rules.triage_guards import category_alone, classified, routed

REOPEN_WITHIN = timedelta(days=14)


class Verb(StrEnum):
    TRIAGE = "triage"
    CLAIM = "claim"
    ACKNOWLEDGE = "acknowledge"
    VERIFY = "verify"
    MITIGATE = "mitigate"
    PROPOSE_CONTAIN = "propose-contain"
    CONFIRM_CONTAIN = "confirm-contain"
    MONITOR = "monitor"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"
    PAUSE = "pause"
    RESUME = "resume"
    ESCALATE = "escalate"
    SNOOZE = "snooze"
    HOLD_LADDER = "hold-ladder"
    SET_SEVERITY = "set-severity"
    UPDATE = "update"
    NOTE = "note"
    CANCEL = "cancel"
    HAND_OFF = "hand-off"
    ACCEPT_HAND_OFF = "accept-hand-off"
    DECLINE_HAND_OFF = "decline-hand-off"
    WITHDRAW_HAND_OFF = "withdraw-hand-off"
    NAME_OWNER = "name-owner"
    MERGE = "merge"
    UNMERGE = "unmerge"
    LINK = "link"
    UNLINK = "unlink"


def _needs(field_name: str, code: str, detail: str) -> Guard:
    def guard(s: Situation) -> Unmet | None:
        return None if s.given.get(field_name) else Unmet(code, detail, field_name)

    return guard


def _holds(is_met: Callable[[Situation], bool], code: str, detail: str, name: str = "") -> Guard:
    return lambda s: None if is_met(s) else Unmet(code, detail, name)


def in_command(s: Situation) -> Unmet | None:
    if s.is_commander or "cancel_incident" in s.rights:
        return None
    return Unmet("not_commander", "Only the owner or a duty manager does this. Claim it first.")


def may_verify(s: Situation) -> Unmet | None:
    if s.is_kpi_owner or s.is_steward:
        return None
    return in_command(s)


def evidence_of_fault(s: Situation) -> Unmet | None:
    if s.given.get("outcome") != Verification.DATA_FAULT or s.given.get("evidence"):
        return None
    return Unmet("evidence_missing", "Say what shows that the data is at fault.", "evidence")


def fallback_named(s: Situation) -> Unmet | None:
    if s.given.get("outcome") != Verification.INCONCLUSIVE or s.given.get("fallback"):
        return None
    return Unmet("fallback_missing", "Name the fallback plan that starts now.", "fallback")


def verified(s: Situation) -> Unmet | None:
    if not s.is_kpi or s.verification in (Verification.CONFIRMED, Verification.INCONCLUSIVE):
        return None
    if s.verification == Verification.DATA_FAULT:
        return Unmet("data_fault", "The data is at fault: there is nothing to remedy here.")
    return Unmet("not_verified", "Verify the data first: no remedy runs on unproven figures.")


def plan_or_relapse(s: Situation) -> Unmet | None:
    if s.state in (S.CONTAINED, S.MONITORING):
        if s.given.get("relapse_note"):
            return None
        return Unmet("relapse_note_missing", "Say what came back.", "relapse_note")
    if s.given.get("plan") or s.has_playbook:
        return None
    return Unmet("plan_missing", "Say what you will do: a playbook or a plan.", "plan")


def containment_proposed(s: Situation) -> Unmet | None:
    if s.is_containment_proposed:
        return None
    return Unmet("not_proposed", "The owner proposes containment first.")


def contained_first(s: Situation) -> Unmet | None:
    if s.state is not S.MITIGATING or not s.is_major:
        return None
    return Unmet("not_contained", "An S1 or S2 is contained before it goes on.")


def recovery_named(s: Situation) -> Unmet | None:
    if s.is_kpi or s.given.get("recovery_kpi"):
        return None
    return Unmet("recovery_missing", "Name the KPI or sign that shows recovery.", "recovery_kpi")


def customer_told(s: Situation) -> Unmet | None:
    if not s.has_account or s.given.get("customer_told") or s.given.get("final_update"):
        return None
    return Unmet("customer_not_told", "Tell the customer, or confirm you did.", "customer_told")


def final_update_sent(s: Situation) -> Unmet | None:
    if s.given.get("final_update") or s.has_update_since_containment:
        return None
    return Unmet("final_update_missing", "Send the final update.", "final_update")


def nothing_awaited(s: Situation) -> Unmet | None:
    if not s.waits:
        return None
    return Unmet("open_wait", "A wait is still open: resume first.")


def kpi_recovered(s: Situation) -> Unmet | None:
    if not s.is_kpi or s.kpi_state == "ok" or s.given.get("waiver"):
        return None
    return Unmet("kpi_not_ok", "The KPI is not ok yet: wait, or say why not to.", "waiver")


def steward_agrees(s: Situation) -> Unmet | None:
    if s.state is not S.VERIFYING:
        return None
    if s.verification != Verification.DATA_FAULT:
        return Unmet(
            "no_data_fault", "Only a data fault closes from here: verify with its outcome."
        )
    if s.is_steward or (not s.has_steward and "cancel_incident" in s.rights):
        return None
    return Unmet("steward_missing", "The data steward closes a data fault.")


def review_done(s: Situation) -> Unmet | None:
    if s.state is not S.RESOLVED or not s.is_major:
        return None
    if s.review == "done":
        return None
    if s.review == "outdated":
        return Unmet(
            "amendment_missing",
            "It came back after its review was signed off: add to the review what was learnt.",
        )
    if s.severity is Severity.S1:
        return Unmet(
            "review_missing",
            "An S1 closes once its review is signed off, or waived by two people.",
        )
    if s.given.get("review_waiver") and "waive_review" in s.rights:
        return None
    return Unmet(
        "review_missing",
        "An S2 closes once its review is signed off; a sponsor or duty manager may waive it.",
        "review_waiver",
    )


def may_close(s: Situation) -> Unmet | None:
    if s.state is S.VERIFYING or "waive_review" in s.rights:
        return None
    return in_command(s)


def not_too_late(s: Situation) -> Unmet | None:
    if s.closed_at is None or s.at - s.closed_at <= REOPEN_WITHIN:
        return None
    return Unmet("closed_too_long", "Closed over 14 days ago: open a new incident and link it.")


reason_given = _needs("reason", "reason_missing", "Say why.")
until_given = _needs("until", "until_missing", "Say until when.")
LADDER_RUNS = _holds(lambda s: s.has_ladder, "no_ladder", "No ladder waits to page anybody.")
OWNER = _holds(lambda s: s.is_commander, "not_commander", "Only the owner does this.")
AGREED = _holds(
    lambda s: s.severity is not Severity.S1 or bool(s.given.get("approver")),
    "approver_missing",
    "For an S1 name the senior person who agrees.",
    "approver",
)
SNOOZE = (LADDER_RUNS, OWNER, reason_given, until_given)
HOLD = (LADDER_RUNS, in_command, reason_given, until_given, AGREED)


@dataclass(frozen=True, slots=True)
class Move:
    """`target` None: the state stays. `right` is a permission codename; every move also asks that
    the actor may see the incident."""

    verb: Verb
    sources: frozenset[State]
    target: State | None
    right: str
    guards: tuple[Guard, ...] = ()


def _move(
    verb: Verb, sources: frozenset[State], target: State | None, right: str, *guards: Guard
) -> Move:
    return Move(verb, sources, target, right, guards)


RESPOND = "respond_incident"
_ACTIVE = OPEN_STATES - UNANSWERED
MOVES: dict[Verb, Move] = {
    move.verb: move
    for move in (
        _move(
            Verb.TRIAGE,
            OPEN_STATES,
            S.TRIAGED,
            "triage_incident",
            classified,
            routed,
            category_alone,
        ),
        _move(Verb.CLAIM, OPEN_STATES, S.ACKNOWLEDGED, RESPOND),
        _move(Verb.ACKNOWLEDGE, OPEN_STATES, S.ACKNOWLEDGED, RESPOND),
        _move(
            Verb.VERIFY,
            frozenset({S.ACKNOWLEDGED, S.VERIFYING}),
            S.VERIFYING,
            RESPOND,
            may_verify,
            evidence_of_fault,
            fallback_named,
        ),
        _move(
            Verb.MITIGATE,
            frozenset({S.ACKNOWLEDGED, S.VERIFYING, S.CONTAINED, S.MONITORING}),
            S.MITIGATING,
            RESPOND,
            in_command,
            verified,
            plan_or_relapse,
        ),
        _move(
            Verb.PROPOSE_CONTAIN,
            frozenset({S.MITIGATING}),
            None,
            RESPOND,
            in_command,
            _needs("evidence", "evidence_missing", "Say what shows that it is contained."),
        ),
        _move(
            Verb.CONFIRM_CONTAIN,
            frozenset({S.MITIGATING}),
            S.CONTAINED,
            "confirm_containment",
            containment_proposed,
        ),
        _move(
            Verb.MONITOR,
            frozenset({S.MITIGATING, S.CONTAINED}),
            S.MONITORING,
            RESPOND,
            in_command,
            contained_first,
            recovery_named,
        ),
        _move(
            Verb.RESOLVE,
            frozenset({S.MITIGATING, S.CONTAINED, S.MONITORING}),
            S.RESOLVED,
            RESPOND,
            in_command,
            contained_first,
            _needs("resolution_code", "resolution_code_missing", "Say how it ended."),
            _needs("cause_category", "cause_category_missing", "Say what kind of cause it had."),
            customer_told,
            final_update_sent,
            nothing_awaited,
            kpi_recovered,
        ),
        _move(
            Verb.CLOSE,
            frozenset({S.RESOLVED, S.VERIFYING}),
            S.CLOSED,
            RESPOND,
            may_close,
            steward_agrees,
            review_done,
        ),
        _move(
            Verb.REOPEN,
            frozenset({S.RESOLVED, S.CLOSED}),
            S.REOPENED,
            "",
            reason_given,
            not_too_late,
        ),
        _move(
            Verb.PAUSE,
            OPEN_STATES,
            None,
            RESPOND,
            in_command,
            _needs("awaiting", "awaiting_missing", "Name who or what is awaited."),
        ),
        _move(Verb.RESUME, OPEN_STATES, None, RESPOND),
        _move(Verb.ESCALATE, OPEN_STATES, None, RESPOND, reason_given),
        _move(Verb.SNOOZE, OPEN_STATES - UNANSWERED, None, RESPOND, *SNOOZE),
        _move(Verb.HOLD_LADDER, OPEN_STATES, None, RESPOND, *HOLD),
        _move(Verb.SET_SEVERITY, OPEN_STATES, None, RESPOND, reason_given),
        _move(
            Verb.UPDATE,
            OPEN_STATES | {S.RESOLVED},
            None,
            RESPOND,
            _needs("text", "text_missing", "Write what the customer should read."),
        ),
        _move(
            Verb.NOTE,
            OPEN_STATES | {S.RESOLVED},
            None,
            RESPOND,
            _needs("text", "text_missing", "Write the note."),
        ),
        _move(Verb.CANCEL, OPEN_STATES, S.CANCELLED, "cancel_incident", reason_given),
        _move(
            Verb.HAND_OFF,
            _ACTIVE,
            None,
            RESPOND,
            in_command,
            moving.none_pending,
            moving.may_leave,
            moving.to_somebody,
            _needs("summary", "summary_missing", "Sum it up: what happened."),
            _needs("status", "status_missing", "Say where it stands."),
            _needs("risks", "risks_missing", "Name the risks, or say that there are none."),
            _needs("next_step", "next_step_missing", "Name the next step."),
            _needs("next_step_owner", "next_step_owner_missing", "Say who takes the next step."),
            _needs("next_step_due_at", "next_step_due_at_missing", "Say until when."),
        ),
        _move(Verb.ACCEPT_HAND_OFF, _ACTIVE, None, RESPOND, moving.asked_of_me),
        _move(Verb.DECLINE_HAND_OFF, _ACTIVE, None, RESPOND, moving.asked_of_me, reason_given),
        _move(Verb.WITHDRAW_HAND_OFF, _ACTIVE, None, RESPOND, moving.asked_by_me),
        _move(
            Verb.NAME_OWNER,
            OPEN_STATES,
            S.ACKNOWLEDGED,
            "cancel_incident",
            _needs("person", "person_missing", "Name who takes it."),
            reason_given,
        ),
        _move(
            Verb.MERGE,
            OPEN_STATES,
            S.MERGED,
            "cancel_incident",
            moving.into_open,
            moving.into_no_milder,
            reason_given,
        ),
        _move(
            Verb.UNMERGE,
            frozenset({S.MERGED}),
            None,
            "cancel_incident",
            moving.merged_lately,
            reason_given,
        ),
        _move(
            Verb.LINK,
            frozenset(State),
            None,
            RESPOND,
            _needs("to", "to_missing", "Name the other incident."),
        ),
        _move(
            Verb.UNLINK,
            frozenset(State),
            None,
            RESPOND,
            _needs("to", "to_missing", "Name the other incident."),
        ),
    )
}


def allowed(state: State | str, rights: frozenset[str]) -> list[str]:
    """Verbs that this state and these rights permit, in the order of the table. Guards that ask
    for input or for somebody else's step are not looked at."""
    return [
        move.verb.value
        for move in MOVES.values()
        if state in move.sources and (not move.right or move.right in rights)
    ]


def unmet(verb: Verb, situation: Situation) -> list[Unmet]:
    """Every reason why this move is illegal now; empty: go."""
    move = MOVES[verb]
    found = []
    if situation.state not in move.sources:
        states = ", ".join(sorted(move.sources))
        found.append(
            Unmet("wrong_state", f"Legal from {states}; the incident is {situation.state}.")
        )
    if move.right and move.right not in situation.rights:
        found.append(Unmet("missing_right", f"This needs the right {move.right}."))
    found += [failed for guard in move.guards if (failed := guard(situation)) is not None]
    return found
