"""What the page needs to write to a customer: the draft, the letter it becomes, the quick word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from accounts.models import User
from escalations.models import Incident, UpdateDraft
from escalations.models.timeline import Visibility
from escalations.rules.proposals import proposed
from escalations.rules.situation import State
from escalations.selectors.actions import Action
from escalations.selectors.contract import Contract
from escalations.selectors.letters import (
    NO_CHANGE,
    LetterView,
    cadence_clock,
    letter_of,
    next_promise,
)
from escalations.selectors.playbook_card import ENGLISH, Choice


@dataclass(frozen=True, slots=True)
class Composer:
    """`saved_at` is when `draft` was saved; `no_change` is the letter of the quick button."""

    draft: str
    saved_at: datetime | None
    no_change: str


def composer_of(incident: Incident, user: User) -> Composer:
    """One query."""
    draft = UpdateDraft.objects.filter(incident=incident, person=user).first()
    return Composer(
        draft=draft.text if draft else "",
        saved_at=draft.saved_at if draft else None,
        no_change=NO_CHANGE,
    )


def propose(incident: Incident, choices: Iterable[Choice], contract: Contract) -> Choice | None:
    """The template that fits, in the language of whoever is told first where there is one."""
    has_update = incident.timeline.filter(visibility=Visibility.CUSTOMER).exists()
    known = {each.value: each for each in choices}
    code = proposed(
        (value.partition(":")[0] for value in known), State(incident.state), has_update=has_update
    )
    return known.get(f"{code}:{contract.language}") or known.get(f"{code}:{ENGLISH}")


def with_draft(actions: tuple[Action, ...], draft: str) -> tuple[Action, ...]:
    """The composer goes on where this person stopped, unless a template was chosen."""

    def filled(action: Action) -> Action:
        if action.verb != "update" or not draft or any(each.value for each in action.fields):
            return action
        return replace(action, fields=tuple(replace(f, value=draft) for f in action.fields))

    return tuple(filled(action) for action in actions)


def preview_letter(incident: Incident, text: str, at: datetime) -> LetterView:
    """The letter as the customer will read it, were it sent now."""
    return letter_of(incident, text, at, next_promise(cadence_clock(incident), at))
