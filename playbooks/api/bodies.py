"""What bodies of the library may hold, and how its answers look in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from rest_framework import serializers

from accounts.models import Team
from config.lib.serializers import StrictSerializer
from config.lib.versions import VersionState
from playbooks.models.playbooks import LONGEST_S, SHORTEST_S, OwnerRole, PlaybookKind
from playbooks.models.templates import TemplateChannel

MOST_STEPS = 50


def text(help_text: str = "", *, most: int = 4000) -> serializers.CharField:
    return serializers.CharField(
        required=False, allow_blank=True, max_length=most, help_text=help_text or None
    )


class PlaybookIn(StrictSerializer):
    code = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=160)
    summary = text(most=2000)
    product_area = text("Empty: every area.", most=80)
    kind = serializers.ChoiceField(PlaybookKind.choices)
    owner = serializers.SlugRelatedField(
        slug_field="username", queryset=get_user_model().objects, required=False, allow_null=True
    )
    team = serializers.SlugRelatedField(
        slug_field="code", queryset=Team.objects, required=False, allow_null=True
    )
    is_active = serializers.BooleanField(required=False)
    reason = text("Kept in the history.", most=300)


class StepIn(StrictSerializer):
    title = serializers.CharField(max_length=160)
    instructions = text()
    expected_outcome = text()
    owner_role = serializers.ChoiceField(OwnerRole.choices, required=False)
    timebox_s = serializers.IntegerField(min_value=SHORTEST_S, max_value=LONGEST_S, required=False)
    needs_approval = serializers.BooleanField(required=False)


class VersionIn(StrictSerializer):
    when_to_use = text()
    hypothesis = text("What is believed to be wrong.")
    success_criterion = text("What shows that it worked.")
    rollback = text("How to undo it.")
    needs_approval = serializers.BooleanField(required=False)
    note = text("Why this version.")
    steps: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=StepIn(), required=False, max_length=MOST_STEPS
    )


class PlaybookStepOut(serializers.Serializer):
    position = serializers.IntegerField()
    title = serializers.CharField()
    instructions = serializers.CharField()
    expected_outcome = serializers.CharField()
    owner_role = serializers.ChoiceField(OwnerRole.choices)
    timebox_s = serializers.IntegerField()
    needs_approval = serializers.BooleanField()


class PlaybookVersionOut(serializers.Serializer):
    number = serializers.IntegerField()
    state = serializers.ChoiceField(VersionState.choices)
    effective_from = serializers.DateTimeField(allow_null=True)
    retired_at = serializers.DateTimeField(allow_null=True)
    published_by = serializers.CharField(allow_null=True)
    sha256 = serializers.CharField()
    note = serializers.CharField()
    when_to_use = serializers.CharField()
    hypothesis = serializers.CharField()
    success_criterion = serializers.CharField()
    rollback = serializers.CharField()
    needs_approval = serializers.BooleanField()
    steps = PlaybookStepOut(many=True)


class TemplateIn(StrictSerializer):
    code = serializers.SlugField(max_length=60)
    language = serializers.RegexField(r"^[a-z]{2}(-[A-Z]{2})?$", max_length=5, default="en")
    channel = serializers.ChoiceField(TemplateChannel.choices)
    name = serializers.CharField(max_length=160)
    subject = text("Of a mail.", most=200)
    body = serializers.CharField(max_length=10_000)
    product_area = text("Empty: every area.", most=80)
    is_active = serializers.BooleanField(required=False)
    reason = text("Kept in the history.", most=300)


class TemplateOut(serializers.Serializer):
    code = serializers.CharField()
    language = serializers.CharField()
    channel = serializers.ChoiceField(TemplateChannel.choices)
    name = serializers.CharField()
    subject = serializers.CharField()
    body = serializers.CharField()
    product_area = serializers.CharField()
    is_active = serializers.BooleanField()
    placeholders = serializers.ListField(child=serializers.CharField())
    updated_at = serializers.DateTimeField()


class PreviewIn(StrictSerializer):
    values = serializers.DictField(
        child=serializers.CharField(max_length=500, allow_blank=True),
        required=False,
        help_text="Placeholder -> text. What is left out is filled with an example.",
    )


class PreviewOut(serializers.Serializer):
    subject = serializers.CharField()
    body = serializers.CharField()
