"""Who may say what about a change of the rules, and when it takes effect (SEMANTICS 6)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from escalations.rules.routing_lint import Finding

NOTICE = timedelta(hours=1)  # between the last approval and the new rules
CONFIRM_WITHIN = timedelta(hours=24)  # else an emergency change is taken back


class RequestState(StrEnum):
    IN_REVIEW = "in_review"
    SENT_BACK = "sent_back"
    SCHEDULED = "scheduled"
    IN_FORCE = "in_force"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Verdict(StrEnum):
    """Asking is a word of the round as well: it takes the one place its author has there."""

    ASKED = "asked"
    APPROVED = "approved"
    SENT_BACK = "sent_back"


ANSWERS = (Verdict.APPROVED, Verdict.SENT_BACK)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request stands. `authors` asked for it or wrote what it puts in force; `answered`
    have spoken in this round; `approvals` counts those of this round."""

    state: RequestState
    needed: int
    approvals: int
    is_emergency: bool = False
    is_confirmed: bool = False
    author: int = 0
    authors: frozenset[int] = frozenset()
    answered: frozenset[int] = frozenset()

    @property
    def is_on_trial(self) -> bool:
        """In force by the word of one, until the others confirm it."""
        return self.state is RequestState.IN_FORCE and self.is_emergency and not self.is_confirmed

    @property
    def enough(self) -> int:
        """Approvals that take it to its next step."""
        return 1 if self.is_emergency and self.state is RequestState.IN_REVIEW else self.needed

    @property
    def is_enough(self) -> bool:
        return self.approvals >= self.enough


def refusal(
    standing: Standing, verdict: Verdict, person: int, has_right: bool
) -> tuple[str, str] | None:
    """Code and sentence of why this person may not answer so; None where they may."""
    waits = standing.state is RequestState.IN_REVIEW or standing.is_on_trial
    if not has_right:
        return "missing_right", "Your role does not decide about the rules."
    if person == standing.author:
        return "own_request", "You asked for this: others decide about it."
    if person in standing.authors:
        return "own_draft", "You wrote a part of this draft: others decide about it."
    if not waits and not (
        verdict is Verdict.SENT_BACK and standing.state is RequestState.SCHEDULED
    ):
        return "not_waiting", f"It is {standing.state.replace('_', ' ')}: nobody is asked now."
    if person in standing.answered:
        return "already_answered", "You have had your word in this round."
    return None


def may_withdraw(standing: Standing, person: int) -> bool:
    open_states = (RequestState.IN_REVIEW, RequestState.SENT_BACK, RequestState.SCHEDULED)
    return person == standing.author and standing.state in open_states


def effective_at(asked_for: datetime | None, at: datetime) -> datetime:
    """When a change approved at `at` takes effect: never sooner than an hour from now, so that
    those it concerns hear of it first."""
    return max(asked_for or at, at + NOTICE)


def finding_key(finding: Finding) -> str:
    """Names one finding of one document; another sentence is another finding, unless the finding
    says what makes it the same."""
    said = f"{finding.code}|{finding.where}|{finding.same or finding.sentence}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def unanswered(findings: Iterable[Finding], answered: Iterable[str]) -> tuple[Finding, ...]:
    """The warnings among these that nobody has acknowledged, by their keys."""
    known = set(answered)
    return tuple(f for f in findings if not f.is_error and finding_key(f) not in known)


def writers(past: Sequence[tuple[str, int | None]]) -> frozenset[int]:
    """Who wrote a version: `past` is its history, oldest first, as state and person. Whoever sends
    a version back makes it a draft and has written nothing."""
    wrote: set[int] = set()
    before = "draft"
    for state, person in past:
        if state == before == "draft" and person is not None:
            wrote.add(person)
        before = state
    return frozenset(wrote)
