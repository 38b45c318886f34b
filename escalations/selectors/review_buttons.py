"""Buttons and fields of reviews and actions for one reader, drawn from the rules' tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.urls import reverse

from accounts.models import User
from escalations.models import ActionItem
from escalations.rules import action_items as action_rules
from escalations.rules import reviews as review_rules
from escalations.rules.action_items import ActionSituation, ActionVerb
from escalations.rules.lifecycle import Unmet
from escalations.rules.review_fields import ACTION_VERB_FIELDS, REVIEW_VERB_FIELDS
from escalations.rules.reviews import ReviewSituation, ReviewVerb
from escalations.rules.verbs import VerbField
from escalations.selectors.actions import NotYet, who_may

REVIEW_LABELS = {
    ReviewVerb.SCHEDULE: ("Plan the meeting", "timer", "Everybody who takes part is told."),
    ReviewVerb.HOLD: ("Meeting held", "users", "The date stands in the review."),
    ReviewVerb.SUBMIT: ("Hand in", "send", "The text is closed and duty managers are asked."),
    ReviewVerb.REQUEST_CHANGES: ("Ask for changes", "rotate-ccw", "The text is open again."),
    ReviewVerb.SIGN_OFF: (
        "Sign off",
        "shield-check",
        "The text stays as it is; the incident may close.",
    ),
    ReviewVerb.WAIVE: ("Waive", "ban", "Nobody writes it. An S1 needs a second person."),
    ReviewVerb.COMPLETE: ("Complete", "circle-check", "Nothing is left to do."),
    ReviewVerb.AMEND: ("Amend", "plus", "Signed text stays; this is added to it."),
}
ACTION_LABELS = {
    ActionVerb.START: ("Start", "play"),
    ActionVerb.FINISH: ("Done", "check"),
    ActionVerb.VERIFY: ("Verify", "shield-check"),
    ActionVerb.REJECT: ("Not accepted", "rotate-ccw"),
    ActionVerb.WONT_DO: ("Won't do", "ban"),
    ActionVerb.MOVE_DUE: ("Move", "timer"),
}
MAIN = frozenset({ReviewVerb.SUBMIT, ReviewVerb.SIGN_OFF, ReviewVerb.COMPLETE})
TYPES = {"time": "datetime-local", "date": "date", "whole": "number"}


@dataclass(frozen=True, slots=True)
class Input:
    """One field of a form. `kind`: text, textarea, select, checkbox, or an input's type."""

    name: str
    label: str
    kind: str
    value: str = ""
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    chosen: tuple[str, ...] = ()
    help: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    verb: str
    label: str
    icon: str
    url: str
    effect: str = ""
    is_primary: bool = False
    inputs: tuple[Input, ...] = ()


def people_choices() -> tuple[tuple[str, str], ...]:
    """Everybody who writes or signs off reviews, by name. One query."""
    rows = User.objects.filter(
        is_active=True, groups__permissions__codename__in=["write_review", "sign_off_review"]
    ).distinct()
    people = [(user.username, str(user)) for user in rows if user.email]
    return tuple(sorted(people, key=lambda each: each[1].lower()))


def inputs_of(
    specs: Sequence[VerbField],
    values: Mapping[str, Any],
    people: tuple[tuple[str, str], ...] = (),
    errors: Mapping[str, str] | None = None,
) -> tuple[Input, ...]:
    """`values` are stored values, or what somebody typed."""
    errors = errors or {}
    return tuple(_input(spec, values.get(spec.name), people, errors) for spec in specs)


def _input(
    spec: VerbField,
    value: Any,
    people: tuple[tuple[str, str], ...],
    errors: Mapping[str, str],
) -> Input:
    kind = TYPES.get(spec.kind, spec.kind)
    choices: tuple[tuple[str, str], ...] = ()
    if spec.kind == "choice":
        kind = "select"
        choices = tuple((each, each.replace("_", " ").capitalize()) for each in spec.choices)
    elif spec.kind == "person":
        kind, choices = "select", people
    elif spec.kind == "people":
        kind, choices = "multiple", people
    elif spec.kind == "flag":
        kind = "checkbox"
    elif spec.kind in ("money", "numbers"):
        kind = "text"
    if kind == "select":
        choices = (("", "Choose" if spec.required else "None"), *choices)
    chosen = tuple(value) if kind == "multiple" and value else ()
    return Input(
        name=spec.name,
        label=spec.label + (" (UTC)" if spec.kind == "time" else ""),
        kind=kind,
        value="" if kind == "multiple" else _text(value),
        required=spec.required,
        choices=choices,
        chosen=chosen,
        help=spec.help,
        error=errors.get(spec.name, ""),
    )


def _text(value: Any) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M}"
    return str(value)


def review_buttons(
    number: int, situation: ReviewSituation
) -> tuple[tuple[Button, ...], tuple[NotYet, ...]]:
    """Legal moves with their forms, and what is not possible yet with every reason."""
    buttons, later = [], []
    for verb, specs in REVIEW_VERB_FIELDS.items():
        if situation.state not in review_rules.MOVES[verb].sources or _is_done(verb, situation):
            continue
        blockers = _blockers(review_rules.unmet(verb, situation), specs)
        label, icon, effect = REVIEW_LABELS[verb]
        if not blockers:
            url = reverse("review-verb", args=[number, verb.value])
            needed = _needed(review_rules.unmet(verb, situation), specs)
            buttons.append(
                Button(verb.value, label, icon, url, effect, verb in MAIN, inputs_of(needed, {}))
            )
        elif situation.rights & {"write_review", "sign_off_review"}:
            right = review_rules.MOVES[verb].right
            sentences = (
                who_may(right) if each.code == "missing_right" else each.detail for each in blockers
            )
            later.append(NotYet(label, tuple(sentences)))
    buttons.sort(key=lambda button: not button.is_primary)
    return tuple(buttons), tuple(later)


def _is_done(verb: ReviewVerb, situation: ReviewSituation) -> bool:
    return verb in (ReviewVerb.SCHEDULE, ReviewVerb.HOLD) and situation.is_meeting_held


def _blockers(failed: Sequence[Unmet], specs: Sequence[VerbField]) -> list[Unmet]:
    names = {spec.name for spec in specs}
    return [each for each in failed if each.field not in names]


def _needed(failed: Sequence[Unmet], specs: Sequence[VerbField]) -> list[VerbField]:
    """What a guard asks for is required in the form."""
    asked = {each.field for each in failed}
    return [replace(spec, required=spec.required or spec.name in asked) for spec in specs]


def action_buttons(action: ActionItem, situation: ActionSituation) -> tuple[Button, ...]:
    """What this reader may do with the action now."""
    found = []
    for verb, specs in ACTION_VERB_FIELDS.items():
        failed = action_rules.unmet(verb, situation)
        if _blockers(failed, specs):
            continue
        label, icon = ACTION_LABELS[verb]
        url = reverse("action-verb", args=[action.pk, verb.value])
        inputs = inputs_of(_needed(failed, specs), {"due_on": action.due_on})
        is_main = verb in (ActionVerb.FINISH, ActionVerb.VERIFY)
        found.append(Button(verb.value, label, icon, url, "", is_main, inputs))
    found.sort(key=lambda button: not button.is_primary)
    return tuple(found)
