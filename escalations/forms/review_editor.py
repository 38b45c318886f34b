"""The parts of the editor: which fields each form holds, and which service saves it.

What somebody typed comes back with its errors: a refusal never costs a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from accounts.models import User
from config.lib.errors import DomainError
from config.lib.sensitive import hidden_fields
from escalations.forms.reviews import (
    ActionItemIn,
    EntryIn,
    FactorChangeIn,
    FactorIn,
    ReviewIn,
    filled,
)
from escalations.models import PostIncidentReview
from escalations.rules.review_fields import (
    ACTION_FIELDS,
    ENTRY_FIELDS,
    FACTOR_FIELDS,
    PEOPLE_FIELDS,
    SECTIONS,
)
from escalations.rules.verbs import VerbField
from escalations.services import action_items, review_text

SECTION_FIELDS = {code: specs for code, _, specs in SECTIONS}
SAVED = {
    "factor": "The factor is saved.",
    "factor-remove": "The factor is removed.",
    "entry": "It stands in the review's timeline.",
    "action": "The action is given out.",
    "people": "Saved.",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`typed` and `errors` are for the form named `part` (and `position`, for a factor)."""

    part: str
    position: int = 0
    typed: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    sentence: str = ""

    @property
    def is_saved(self) -> bool:
        return not self.errors and not self.sentence


def fields_of(part: str, review: PostIncidentReview, user: User) -> tuple[VerbField, ...]:
    """Without those this person may not see; empty for a part nobody knows."""
    fields = {
        **SECTION_FIELDS,
        "factor": FACTOR_FIELDS,
        "factor-remove": (),
        "entry": ENTRY_FIELDS,
        "action": ACTION_FIELDS,
        "people": PEOPLE_FIELDS,
    }.get(part, ())
    hidden = hidden_fields(review, user)
    return tuple(spec for spec in fields if spec.name not in hidden)


def save_part(
    number: int, review: PostIncidentReview, posted: QueryDict, *, by: User, at: datetime
) -> Outcome:
    part = posted.get("part", "")
    position = posted.get("position", "")
    place = int(position) if position.isascii() and position.isdigit() and len(position) < 6 else 0
    specs = fields_of(part, review, by)
    body = _body(part, place, specs, posted)
    if body is None:
        return Outcome(part, sentence="There is no such part of a review.")
    if not body.is_valid():
        return Outcome(part, place, _typed(specs, posted), _sentences(body))
    given = dict(body.validated_data)
    expected = given.pop("expected_version", None)
    try:
        _save(part, number, place, given, expected, by, at)
    except DomainError as error:
        names = {spec.name for spec in specs}
        errors = {e["field"]: e["detail"] for e in error.errors if e.get("field") in names}
        return Outcome(part, place, _typed(specs, posted), errors, error.detail)
    return Outcome(part, place)


def _body(
    part: str, place: int, specs: tuple[VerbField, ...], posted: QueryDict
) -> serializers.Serializer | None:
    if part in SECTION_FIELDS:
        return ReviewIn(data=filled(specs, posted, is_whole=True))
    if part == "people":
        return ReviewIn(data=filled((), posted) | _people(posted))
    if part == "factor" and place:
        return FactorChangeIn(data=filled(specs, posted, is_whole=True))
    classes = {"factor": FactorIn, "entry": EntryIn, "action": ActionItemIn}
    if part in classes:
        return classes[part](data=filled(specs, posted))
    return FactorChangeIn(data=filled((), posted)) if part == "factor-remove" else None


def _people(posted: QueryDict) -> dict[str, Any]:
    numbers = re.findall(r"\d+", posted.get("recurrences", ""))
    return {
        "participants": posted.getlist("participants"),
        "recurrences": [int(each) for each in numbers[:200]],
    }


def _save(
    part: str,
    number: int,
    place: int,
    given: dict[str, Any],
    expected: int | None,
    by: User,
    at: datetime,
) -> None:
    more: dict[str, Any] = {"by": by, "at": at, "expected_version": expected}
    if part == "factor" and place:
        review_text.change_factor(number, place, given, **more)
    elif part == "factor":
        review_text.add_factor(number, given, **more)
    elif part == "factor-remove":
        review_text.remove_factor(number, place, **more)
    elif part == "entry":
        review_text.add_entry(number, given, **more)
    elif part == "action":
        action_items.add_action(number, given, **more)
    else:
        review_text.save_review(number, given, **more)


def _typed(specs: tuple[VerbField, ...], posted: QueryDict) -> dict[str, Any]:
    return {
        spec.name: posted.getlist(spec.name) if spec.kind == "people" else posted.get(spec.name, "")
        for spec in specs
    }


def _sentences(body: serializers.Serializer) -> dict[str, str]:
    found = {}
    for name, errors in body.errors.items():
        each = errors if isinstance(errors, list) else [errors]
        found[name] = " ".join(str(error) for error in each)
    return found
