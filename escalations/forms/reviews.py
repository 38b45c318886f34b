"""Bodies of reviews and actions, the same for the API and the pages' forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rest_framework import serializers

from escalations.forms.verbs import AwareDateTimeField, StrictSerializer
from escalations.rules import review_fields as table
from escalations.rules.verbs import VerbField

MOST_PEOPLE = 100
BIGGEST = 2**31 - 1


def _field(spec: VerbField) -> serializers.Field:
    common: dict[str, Any] = {
        "required": spec.required,
        "label": spec.label,
        "help_text": spec.help or None,
    }
    match spec.kind:
        case "choice":
            return serializers.ChoiceField(spec.choices, allow_blank=not spec.required, **common)
        case "flag":
            return serializers.BooleanField(**common)
        case "time":
            return AwareDateTimeField(allow_null=not spec.required, **common)
        case "date":
            return serializers.DateField(allow_null=not spec.required, **common)
        case "whole":
            return serializers.IntegerField(
                min_value=0, max_value=BIGGEST, allow_null=True, **common
            )
        case "money":
            return serializers.DecimalField(
                max_digits=14, decimal_places=2, min_value=0, allow_null=True, **common
            )
        case "people":
            return serializers.ListField(
                child=serializers.CharField(max_length=150), max_length=MOST_PEOPLE, **common
            )
        case "numbers":
            return serializers.ListField(
                child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
                max_length=MOST_PEOPLE,
                **common,
            )
    return serializers.CharField(
        max_length=spec.max_length, allow_blank=not spec.required, **common
    )


def body_class(name: str, specs: tuple[VerbField, ...]) -> type[StrictSerializer]:
    fields: dict[str, Any] = {spec.name: _field(spec) for spec in specs}
    fields["expected_version"] = serializers.IntegerField(
        required=False, min_value=1, help_text="Answer 409 stale_version unless it is this one."
    )
    return type(name, (StrictSerializer,), fields)


def _named(word: str, verb: str) -> str:
    return word + "".join(part.capitalize() for part in verb.split("-")) + "In"


ReviewIn = body_class("ReviewIn", (*table.REVIEW_FIELDS, *table.PEOPLE_FIELDS))
FactorIn = body_class("FactorIn", table.FACTOR_FIELDS)
FactorChangeIn = body_class(
    "FactorChangeIn", tuple(replace(each, required=False) for each in table.FACTOR_FIELDS)
)
EntryIn = body_class("EntryIn", table.ENTRY_FIELDS)
ActionItemIn = body_class("ActionItemIn", table.ACTION_FIELDS)
REVIEW_BODIES = {
    verb: body_class(_named("Review", verb.value), fields)
    for verb, fields in table.REVIEW_VERB_FIELDS.items()
}
ACTION_BODIES = {
    verb: body_class(_named("Action", verb.value), fields)
    for verb, fields in table.ACTION_VERB_FIELDS.items()
}


class ReviewAskIn(StrictSerializer):
    """A person asks for the review of a near miss."""

    incident = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    reason = serializers.CharField(max_length=200)


def filled(
    specs: tuple[VerbField, ...], posted: Mapping[str, str], *, is_whole: bool = False
) -> dict[str, Any]:
    """A page's form as the API's body; times are UTC.

    Nothing entered is nothing sent. `is_whole`: the form holds all of `specs`, so an emptied field
    is emptied.
    """
    data: dict[str, Any] = {}
    for spec in specs:
        value = posted.get(spec.name, "").strip()
        if spec.kind == "flag":
            if value:
                data[spec.name] = value in ("on", "true", "1")
        elif spec.kind in ("people", "numbers"):
            continue
        elif value:
            is_naive = spec.kind == "time" and not value.endswith("Z") and "+" not in value
            data[spec.name] = f"{value}Z" if is_naive else value
        elif is_whole and spec.name in posted:
            is_text = spec.kind in ("text", "textarea", "choice", "person")
            data[spec.name] = "" if is_text else None
    if version := posted.get("expected_version", ""):
        data["expected_version"] = version
    return data
