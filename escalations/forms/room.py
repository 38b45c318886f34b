"""What is sent about evidence, decisions, milestones and task forces, by pages and over the API."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.lib.serializers import StrictSerializer
from escalations.forms.verbs import AwareDateTimeField, IncidentNumberField
from escalations.models.decisions import DecisionKind
from escalations.models.milestones import Stage
from escalations.models.task_forces import Meeting
from escalations.selectors.incidents import MAX_NUMBER


@extend_schema_field(OpenApiTypes.BYTE)
class Base64Field(serializers.Field):
    default_error_messages = {"base64": "Send the bytes in base64."}

    def to_internal_value(self, data: Any) -> bytes:
        try:
            return base64.b64decode(data if isinstance(data, str) else "!", validate=True)
        except (binascii.Error, ValueError):
            self.fail("base64")

    def to_representation(self, value: Any) -> Any:
        return value


class EvidenceIn(StrictSerializer):
    """`url` for a link; `file_name` and `content` (base64, 5 MB of bytes at most) for a file."""

    incident = IncidentNumberField()
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    text = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    url = serializers.CharField(max_length=1000, required=False)
    file_name = serializers.CharField(max_length=255, required=False)
    content = Base64Field(required=False)


class RoomReasonIn(StrictSerializer):
    reason = serializers.CharField(max_length=300)


class DecisionIn(StrictSerializer):
    """`expires_at` and at least two `options` for an accelerated fix or a compromise."""

    kind = serializers.ChoiceField(DecisionKind.choices)
    title = serializers.CharField(max_length=200)
    rationale = serializers.CharField(max_length=4000)
    options = serializers.ListField(
        child=serializers.CharField(max_length=300), max_length=10, required=False
    )
    expires_at = AwareDateTimeField(required=False, allow_null=True)


class DecisionAnswerIn(StrictSerializer):
    answer = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class MilestoneIn(StrictSerializer):
    title = serializers.CharField(max_length=200)
    owner = serializers.CharField(max_length=150, help_text="Username.")
    due_at = AwareDateTimeField()
    stage = serializers.ChoiceField(Stage.choices, required=False, allow_blank=True)
    workstream = serializers.IntegerField(min_value=1, max_value=MAX_NUMBER, required=False)


class MoveIn(StrictSerializer):
    due_at = AwareDateTimeField()
    reason = serializers.CharField(max_length=300)


class WorkstreamIn(StrictSerializer):
    name = serializers.CharField(max_length=120)
    owner = serializers.CharField(max_length=150, help_text="Username.")


class TaskForceIn(StrictSerializer):
    channel_url = serializers.CharField(max_length=500, required=False, allow_blank=True)
    bridge_url = serializers.CharField(max_length=500, required=False, allow_blank=True)
    meeting = serializers.ChoiceField(Meeting.choices, required=False, allow_blank=True)
    meeting_every_h = serializers.IntegerField(min_value=1, max_value=168, required=False)
    meeting_at = serializers.TimeField(required=False)
    meeting_zone = serializers.CharField(max_length=64, required=False, allow_blank=True)
    add = serializers.CharField(max_length=150, required=False, help_text="Username.")


def page_body(kind: type[StrictSerializer], post: QueryDict) -> StrictSerializer:
    """What a form of a page sent, as the API would have it: empty fields are left out, times are
    in UTC, and a list has one line each."""
    sent: dict[str, Any] = {}
    for name, field in kind().fields.items():
        text = post.get(name, "").strip()
        if isinstance(field, serializers.ListField):
            if lines := [line.strip() for line in text.splitlines() if line.strip()]:
                sent[name] = lines
        elif isinstance(field, AwareDateTimeField):
            if text:
                sent[name] = text if text.endswith("Z") else f"{text}Z"
        elif text or (name in post and getattr(field, "allow_blank", False)):
            sent[name] = text
    return kind(data=sent)
