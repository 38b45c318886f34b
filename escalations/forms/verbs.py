"""What a verb may be given, checked in one way for the API's bodies and the pages' forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from config.lib.serializers import StrictSerializer
from escalations.rules.lifecycle import Verb
from escalations.rules.verbs import FIELDS, VerbField
from escalations.selectors.incidents import MAX_NUMBER


class AwareDateTimeField(serializers.DateTimeField):
    """A time with its offset. A naive time could mean any of a day's hours."""

    default_error_messages = {"naive": "Give the time with its offset, like 2026-11-17T10:00:00Z."}

    def enforce_timezone(self, value: Any) -> Any:
        if value.tzinfo is None:
            self.fail("naive")
        return value


class IncidentNumberField(serializers.IntegerField):
    """The number of an incident; its key (INC-12) is read as well."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_NUMBER, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str):
            data = data.strip().upper().removeprefix("INC-")
        return super().to_internal_value(data)


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
        case "incident":
            return IncidentNumberField(allow_null=True, **common)
        case "time":
            return AwareDateTimeField(allow_null=True, **common)
    return serializers.CharField(max_length=spec.max_length, allow_blank=True, **common)


def _body_of(verb: Verb) -> type[StrictSerializer]:
    name = "".join(part.capitalize() for part in verb.value.split("-")) + "In"
    fields: dict[str, Any] = {spec.name: _field(spec) for spec in FIELDS[verb]}
    fields["expected_version"] = serializers.IntegerField(
        required=False, min_value=1, help_text="Answer 409 stale_version unless it is this one."
    )
    return type(name, (StrictSerializer,), fields)


VERB_BODIES: dict[Verb, type[StrictSerializer]] = {verb: _body_of(verb) for verb in Verb}


def body_of_form(
    verb: Verb, posted: Mapping[str, str], *, is_unfinished: bool = False
) -> StrictSerializer:
    """A page's form as the API's body: nothing entered is nothing sent; times are UTC.
    `is_unfinished`: nothing has to be there yet."""
    data: dict[str, Any] = {}
    for spec in FIELDS[verb]:
        value = posted.get(spec.name, "")
        if not value.strip():
            continue
        if spec.kind == "flag":
            data[spec.name] = value in ("on", "true", "1")
        elif spec.kind == "time":
            data[spec.name] = value if value.endswith("Z") or "+" in value else f"{value}Z"
        else:
            data[spec.name] = value
    if version := posted.get("expected_version", ""):
        data["expected_version"] = version
    return VERB_BODIES[verb](data=data, partial=is_unfinished)


def sentences_of(body: StrictSerializer) -> list[str]:
    """Every error of a checked body with the label of its field."""
    found = []
    for name, errors in body.errors.items():
        field = body.fields.get(name)
        label = str(field.label) if field is not None and field.label else name
        found += [f"{label}: {error}" for error in errors]
    return found
