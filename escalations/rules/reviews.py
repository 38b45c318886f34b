"""Post-incident reviews: when one is asked for, its deadlines, its moves (SEMANTICS 7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from escalations.rules.business_days import BusinessDays
from escalations.rules.lifecycle import Unmet
from escalations.rules.policy import Severity

SCHEDULED_WITHIN, HELD_WITHIN, SIGNED_OFF_WITHIN = 1, 5, 10  # business days from the resolving
GAP = timedelta(minutes=15)
REOPENED_OFTEN = 2


class ReviewState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    SIGNED_OFF = "signed_off"
    ACTIONS_OPEN = "actions_open"
    COMPLETED = "completed"
    WAIVED = "waived"


R = ReviewState
WRITABLE = frozenset({R.DRAFT, R.CHANGES_REQUESTED})
UNSIGNED = WRITABLE | {R.IN_REVIEW}
SIGNED = frozenset({R.SIGNED_OFF, R.ACTIONS_OPEN, R.COMPLETED})


class ReviewVerb(StrEnum):
    """`edit` and `add-action` stand for every change of the text and of the list of actions."""

    EDIT = "edit"
    ADD_ACTION = "add-action"
    SCHEDULE = "schedule-meeting"
    HOLD = "hold"
    SUBMIT = "submit"
    REQUEST_CHANGES = "request-changes"
    SIGN_OFF = "sign-off"
    WAIVE = "waive"
    COMPLETE = "complete"
    AMEND = "amend"


class Standing(StrEnum):
    """What the closing of an incident asks its review."""

    NONE = ""
    OPEN = "open"
    DONE = "done"
    OUTDATED = "outdated"  # signed off, and the incident came back and was resolved since


# --- when -----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Case:
    """What decides whether a resolved incident is reviewed."""

    severity: Severity
    is_strategic: bool = False
    has_breach: bool = False
    is_data_or_legal: bool = False
    reopen_count: int = 0
    asked_by: str = ""


def why_required(case: Case) -> dict[str, str]:
    """Code -> sentence of every rule that asks for a review; empty: none does."""
    found: dict[str, str] = {}
    if case.severity <= Severity.S2:
        label = case.severity.label
        found[label.lower()] = f"Every {label} is reviewed."
    if case.has_breach and case.is_strategic:
        found["strategic_breach"] = "A promise to a strategic account was missed."
    if case.is_data_or_legal:
        found["data_or_legal"] = "Data or legal risk was confirmed or suspected."
    if case.reopen_count >= REOPENED_OFTEN:
        found["reopened"] = f"It was reopened {case.reopen_count} times."
    if case.asked_by:
        found["near_miss"] = f"{case.asked_by} asked for it as a near miss."
    return found


@dataclass(frozen=True, slots=True)
class Deadlines:
    schedule_by: datetime
    hold_by: datetime
    sign_off_by: datetime | None


def deadlines(resolved_at: datetime, severity: Severity, days: BusinessDays) -> Deadlines:
    """Sign-off has a deadline for an S1 alone."""
    return Deadlines(
        days.after(resolved_at, SCHEDULED_WITHIN),
        days.after(resolved_at, HELD_WITHIN),
        days.after(resolved_at, SIGNED_OFF_WITHIN) if severity is Severity.S1 else None,
    )


@dataclass(frozen=True, slots=True)
class Stage:
    """One reminder: told once, at `at` or as soon after as somebody looks."""

    number: int
    at: datetime
    code: str


def review_stages(due: Deadlines) -> tuple[Stage, ...]:
    stages = [Stage(1, due.schedule_by, "schedule"), Stage(2, due.hold_by, "hold")]
    if due.sign_off_by is not None:
        stages.append(Stage(3, due.sign_off_by, "sign_off"))
    return tuple(stages)


def passed(stages: Iterable[Stage], told: int, at: datetime) -> list[Stage]:
    """Stages after `told` that are due at `at`, earliest first."""
    return [stage for stage in stages if stage.number > told and stage.at <= at]


def next_at(stages: Iterable[Stage], told: int) -> datetime | None:
    return min((stage.at for stage in stages if stage.number > told), default=None)


# --- text -----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class NameFound:
    field: str
    name: str

    @property
    def sentence(self) -> str:
        return (
            f'"{self.name}" is named. Say what made it possible, not who did it: names belong '
            "in the timeline."
        )


def names_in(texts: Mapping[str, str], people: Iterable[tuple[str, str, str]]) -> list[NameFound]:
    """Names of persons in causes, factors and lessons: a warning, never a refusal.

    `texts` is field -> text, `people` are (first name, last name, sign-in). A first or last name
    alone counts when it is written like a name; full names and sign-ins in any case.
    """
    found = []
    for field_name, text in texts.items():
        for first, last, sign_in in people:
            full = f"{first} {last}".strip()
            if any(_has(text, whole, re.IGNORECASE) for whole in (full, sign_in) if whole):
                found.append(NameFound(field_name, full or sign_in))
            elif part := next((p for p in (last, first) if len(p) > 2 and _has(text, p, 0)), ""):
                found.append(NameFound(field_name, part))
    return found


def _has(text: str, word: str, flags: int) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, flags) is not None


@dataclass(frozen=True, slots=True)
class Gap:
    start: datetime
    end: datetime


def gaps(
    severity: Severity, times: Iterable[datetime], explained: Iterable[tuple[datetime, datetime]]
) -> list[Gap]:
    """Silences of over 15 minutes in an S1 that nobody explained yet."""
    if severity is not Severity.S1:
        return []
    spans = list(explained)
    return [
        Gap(start, end)
        for start, end in pairwise(sorted(times))
        if end - start > GAP and not any(a <= start and b >= end for a, b in spans)
    ]


# --- moves ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class ReviewSituation:
    """What a guard may ask. `given` holds the validated fields of the request."""

    state: ReviewState
    severity: Severity
    rights: frozenset[str]  # permission codenames of the actor
    given: Mapping[str, object] = field(default_factory=dict)
    is_submitter: bool = False
    is_facilitator: bool = False
    is_commander: bool = False
    has_facilitator: bool = False
    is_facilitator_commander: bool = False
    has_summary: bool = False
    has_impact: bool = False
    has_lessons: bool = False
    factors: int = 0
    factors_without_evidence: int = 0
    is_meeting_planned: bool = False
    is_meeting_held: bool = False
    open_actions: int = 0
    has_own_waiver: bool = False


Guard = Callable[[ReviewSituation], Unmet | None]


def _needs(field_name: str, code: str, detail: str) -> Guard:
    def guard(s: ReviewSituation) -> Unmet | None:
        return None if s.given.get(field_name) else Unmet(code, detail, field_name)

    return guard


def _written(name: str, code: str, detail: str) -> Guard:
    def guard(s: ReviewSituation) -> Unmet | None:
        return None if getattr(s, name) else Unmet(code, detail)

    return guard


def factor_named(s: ReviewSituation) -> Unmet | None:
    if s.factors == 0:
        return Unmet("factor_missing", "Name at least one contributing factor.")
    if s.factors_without_evidence:
        return Unmet("evidence_missing", "Every contributing factor says what shows it.")
    return None


def led_by_another(s: ReviewSituation) -> Unmet | None:
    if not s.has_facilitator:
        return Unmet("facilitator_missing", "Name who leads the review.")
    if s.is_facilitator_commander:
        return Unmet(
            "facilitator_is_commander", "Whoever owned the incident does not lead its review."
        )
    return None


def held_first(s: ReviewSituation) -> Unmet | None:
    if s.is_meeting_held or s.severity > Severity.S2:
        return None
    return Unmet("meeting_missing", "An S1 or S2 is talked over first: hold the meeting.")


def not_author(s: ReviewSituation) -> Unmet | None:
    if s.is_submitter:
        return Unmet("own_review", "You handed it in: somebody else decides.")
    return None


def not_facilitator_alone(s: ReviewSituation) -> Unmet | None:
    if s.is_facilitator and not s.is_submitter:
        return Unmet("facilitator_alone", "You lead this review: somebody else signs it off.")
    return None


def waives_once(s: ReviewSituation) -> Unmet | None:
    if s.has_own_waiver and s.severity is Severity.S1:
        return Unmet("second_person", "You asked already: a second person waives an S1's review.")
    return None


def nothing_open(s: ReviewSituation) -> Unmet | None:
    if s.open_actions:
        return Unmet("actions_open", f"{s.open_actions} of its actions are still open.")
    return None


@dataclass(frozen=True, slots=True)
class ReviewMove:
    verb: ReviewVerb
    sources: frozenset[ReviewState]
    right: str
    guards: tuple[Guard, ...] = ()


WRITE, SIGN, WAIVE = "write_review", "sign_off_review", "waive_review"
_reason = _needs("reason", "reason_missing", "Say why.")
MOVES: dict[ReviewVerb, ReviewMove] = {
    move.verb: move
    for move in (
        ReviewMove(ReviewVerb.EDIT, WRITABLE, WRITE),
        ReviewMove(ReviewVerb.ADD_ACTION, UNSIGNED | {R.SIGNED_OFF, R.ACTIONS_OPEN}, WRITE),
        ReviewMove(
            ReviewVerb.SCHEDULE,
            UNSIGNED,
            WRITE,
            (_needs("meeting_at", "meeting_at_missing", "Say when the meeting is."),),
        ),
        ReviewMove(ReviewVerb.HOLD, UNSIGNED, WRITE),
        ReviewMove(
            ReviewVerb.SUBMIT,
            WRITABLE,
            WRITE,
            (
                _written("has_summary", "summary_missing", "Write the summary."),
                _written("has_impact", "impact_missing", "Say when the impact began and ended."),
                factor_named,
                _written("has_lessons", "lessons_missing", "Write down what was learnt."),
                led_by_another,
                held_first,
            ),
        ),
        ReviewMove(
            ReviewVerb.REQUEST_CHANGES, frozenset({R.IN_REVIEW}), SIGN, (not_author, _reason)
        ),
        ReviewMove(
            ReviewVerb.SIGN_OFF,
            frozenset({R.IN_REVIEW}),
            SIGN,
            (not_author, not_facilitator_alone, led_by_another),
        ),
        ReviewMove(ReviewVerb.WAIVE, UNSIGNED, WAIVE, (waives_once, _reason)),
        ReviewMove(ReviewVerb.COMPLETE, frozenset({R.SIGNED_OFF}), WRITE, (nothing_open,)),
        ReviewMove(
            ReviewVerb.AMEND,
            SIGNED,
            WRITE,
            (_needs("text", "text_missing", "Write what is added."),),
        ),
    )
}


def allowed(state: ReviewState | str, rights: frozenset[str]) -> list[str]:
    """Verbs that this state and these rights permit, in the order of the table."""
    return [
        move.verb.value for move in MOVES.values() if state in move.sources and move.right in rights
    ]


def unmet(verb: ReviewVerb, situation: ReviewSituation) -> list[Unmet]:
    """Every reason why this move is illegal now; empty: go."""
    move = MOVES[verb]
    found = []
    if situation.state not in move.sources:
        states = ", ".join(sorted(state.value for state in move.sources))
        found.append(Unmet("wrong_state", f"Legal from {states}; the review is {situation.state}."))
    if move.right not in situation.rights:
        found.append(Unmet("missing_right", f"This needs the right {move.right}."))
    return found + [failed for guard in move.guards if (failed := guard(situation)) is not None]
