"""Actions of a review: their moves, when they are due, and who hears of it (SEMANTICS 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from escalations.rules.business_days import BusinessDays
from escalations.rules.lifecycle import Unmet
from escalations.rules.policy import Severity
from escalations.rules.reviews import SIGN, WRITE, Stage

MOST_MOVES = 2
WEEKS, OTHER_WEEKS = {Severity.S1: 4, Severity.S2: 8}, 12


class ActionState(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    VERIFIED = "verified"
    REJECTED = "rejected"
    WONT_DO = "wont_do"


A = ActionState
UNDONE = frozenset({A.OPEN, A.IN_PROGRESS, A.REJECTED})
UNSETTLED = UNDONE | {A.DONE}


class ActionVerb(StrEnum):
    START = "start"
    FINISH = "finish"
    VERIFY = "verify"
    REJECT = "reject"
    WONT_DO = "wont-do"
    MOVE_DUE = "move-due"


def default_due(on: date, severity: Severity, *, is_priority: bool) -> date:
    """Priority actions of an S1 in 4 weeks, of an S2 in 8, everything else in 12."""
    weeks = WEEKS.get(severity, OTHER_WEEKS) if is_priority else OTHER_WEEKS
    return on + timedelta(weeks=weeks)


def counts_from(first_due_on: date, due_on: date, times_moved: int) -> date:
    """The day lateness counts from: moved more than twice, it is the first one again."""
    return first_due_on if times_moved > MOST_MOVES else due_on


def is_overdue(due_on: date, times_moved: int, today: date) -> bool:
    return today > due_on or times_moved > MOST_MOVES


def action_stages(due_on: date, days: BusinessDays) -> tuple[Stage, ...]:
    """At nine in the morning of the calendar's zone: a week before, the day itself, and 3, 10 and
    20 business days later, each time to somebody higher."""
    return (
        Stage(1, days.morning(due_on - timedelta(days=7)), "soon"),
        Stage(2, days.morning(due_on), "today"),
        Stage(3, days.morning(days.date_after(due_on, 3)), "manager"),
        Stage(4, days.morning(days.date_after(due_on, 10)), "duty_manager"),
        Stage(5, days.morning(days.date_after(due_on, 20)), "sponsor"),
    )


@dataclass(frozen=True, slots=True)
class ActionSituation:
    state: ActionState
    rights: frozenset[str]
    given: Mapping[str, object] = field(default_factory=dict)
    is_owner: bool = False
    is_verifier: bool = False
    is_asked: bool = False  # somebody asked already not to do it
    is_asker: bool = False
    due_on: date | None = None
    at: datetime | None = None


Guard = Callable[[ActionSituation], Unmet | None]


def _needs(field_name: str, code: str, detail: str) -> Guard:
    def guard(s: ActionSituation) -> Unmet | None:
        return None if s.given.get(field_name) else Unmet(code, detail, field_name)

    return guard


def owners_work(s: ActionSituation) -> Unmet | None:
    if s.is_owner or SIGN in s.rights:
        return None
    return Unmet("not_owner", "Only its owner or a duty manager does this.")


def verifiers_word(s: ActionSituation) -> Unmet | None:
    if s.is_verifier and not s.is_owner:
        return None
    return Unmet("not_verifier", "Only the person named to verify it does this.")


def second_person(s: ActionSituation) -> Unmet | None:
    """The first asks, a second agrees, and that one is not the owner."""
    if not s.is_asked:
        return None
    if s.is_asker:
        return Unmet("second_person", "You asked already: a second person agrees to leave it.")
    if s.is_owner:
        return Unmet("own_action", "It is yours: somebody else agrees to leave it.")
    if SIGN not in s.rights:
        return Unmet("missing_right", f"This needs the right {SIGN}.")
    return None


def moves_really(s: ActionSituation) -> Unmet | None:
    if s.given.get("due_on") and s.given["due_on"] == s.due_on:
        return Unmet("same_day", "It is due on that day already.", "due_on")
    return None


_reason = _needs("reason", "reason_missing", "Say why.")


@dataclass(frozen=True, slots=True)
class ActionMove:
    """`right` empty: whoever may see the review, if the guards agree."""

    verb: ActionVerb
    sources: frozenset[ActionState]
    target: ActionState | None
    right: str
    guards: tuple[Guard, ...] = ()


MOVES: dict[ActionVerb, ActionMove] = {
    move.verb: move
    for move in (
        ActionMove(
            ActionVerb.START, frozenset({A.OPEN, A.REJECTED}), A.IN_PROGRESS, "", (owners_work,)
        ),
        ActionMove(
            ActionVerb.FINISH,
            UNDONE,
            A.DONE,
            "",
            (owners_work, _needs("evidence", "evidence_missing", "Say what shows it is done.")),
        ),
        ActionMove(ActionVerb.VERIFY, frozenset({A.DONE}), A.VERIFIED, "", (verifiers_word,)),
        ActionMove(
            ActionVerb.REJECT, frozenset({A.DONE}), A.REJECTED, "", (verifiers_word, _reason)
        ),
        ActionMove(ActionVerb.WONT_DO, UNDONE, None, WRITE, (_reason, second_person)),
        ActionMove(
            ActionVerb.MOVE_DUE,
            UNDONE,
            None,
            "",
            (
                owners_work,
                _reason,
                _needs("due_on", "due_on_missing", "Name the new day."),
                moves_really,
            ),
        ),
    )
}


def allowed(state: ActionState | str, rights: frozenset[str]) -> list[str]:
    return [
        move.verb.value
        for move in MOVES.values()
        if state in move.sources and (not move.right or move.right in rights)
    ]


def unmet(verb: ActionVerb, situation: ActionSituation) -> list[Unmet]:
    """Every reason why this move is illegal now; empty: go."""
    move = MOVES[verb]
    found = []
    if situation.state not in move.sources:
        states = ", ".join(sorted(state.value for state in move.sources))
        found.append(Unmet("wrong_state", f"Legal from {states}; the action is {situation.state}."))
    if move.right and move.right not in situation.rights:
        found.append(Unmet("missing_right", f"This needs the right {move.right}."))
    return found + [failed for guard in move.guards if (failed := guard(situation)) is not None]
