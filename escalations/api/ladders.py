"""Who would be paged when, over HTTP."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api_nouns import NounList, NounView, documented
from config.lib.errors import field_error
from escalations.models import Incident, PolicyVersion, Storm
from escalations.rules.policy import Severity
from escalations.selectors.ladder_preview import ladder_preview


class ToldOut(serializers.Serializer):
    username = serializers.CharField()
    name = serializers.CharField()
    at = serializers.DateTimeField(help_text="When the page leaves; later in quiet hours.")
    later = serializers.CharField(help_text="Why it leaves later, if it does.")


class PreviewStepOut(serializers.Serializer):
    at = serializers.DateTimeField()
    level = serializers.IntegerField(help_text="0 is the fallback.")
    kind = serializers.CharField(help_text="page, empty or fallback.")
    people = ToldOut(many=True)
    reason = serializers.CharField()
    notes = serializers.ListField(child=serializers.CharField())


class LadderPreviewOut(serializers.Serializer):
    policy = serializers.CharField()
    number = serializers.IntegerField()
    severity = serializers.CharField()
    ladder = serializers.CharField()
    at = serializers.DateTimeField()
    repeat = serializers.IntegerField()
    steps = PreviewStepOut(many=True)


FILTERS = {
    "policy": "A policy's code; default: the one in force.",
    "version": "Its version's number.",
    "severity": "S1 to S4; default S1.",
    "ladder": "A ladder's name; default: the severity's own.",
    "at": "When it opens, with offset; default now.",
}


class LadderPreview(NounView):
    """If an incident opened then and nobody ever answered: who is paged when, level by level."""

    rights = {"GET": ("escalations.view_ladder",)}
    filters = FILTERS

    @extend_schema(
        operation_id="ladders_preview",
        summary="Preview a ladder",
        parameters=[OpenApiParameter(name, str, description=s) for name, s in FILTERS.items()],
        responses=LadderPreviewOut,
    )
    def get(self, request: Request) -> Response:
        word = (self.parameter("severity") or "S1").upper()
        if word not in Severity.__members__:
            raise field_error("severity", "invalid_choice", "Use S1, S2, S3 or S4.")
        found = ladder_preview(
            self._version(), Severity[word], self.parameter("ladder") or "", self._at()
        )
        return Response(LadderPreviewOut(found).data)

    def _version(self) -> PolicyVersion | None:
        policy, number = self.parameter("policy"), self.parameter("version")
        if policy is None and number is None:
            return None
        if not policy or not (number or "").isdigit():
            raise field_error("version", "invalid", "Name the policy and its version's number.")
        versions = PolicyVersion.objects.select_related("policy")
        return get_object_or_404(versions, policy__code=policy, number=int(number or 0) % 2**31)

    def _at(self):
        text = self.parameter("at")
        if text is None:
            return self.at
        try:
            at = parse_datetime(text)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None or not 2000 <= at.year <= 2100:
            raise field_error("at", "invalid", "Give the time with its offset.")
        return at


class StormSerializer(serializers.ModelSerializer):
    parent = serializers.IntegerField(  # type: ignore[assignment]  # also an attribute of fields
        source="parent_id"
    )

    class Meta:
        model = Storm
        fields = ("id", "dimension", "parent", "started_at", "ended_at", "suppressed")


@documented("storm", "storms", StormSerializer)
class StormList(NounList):
    """Times of many incidents at once, when one of them paged for all."""

    rights = {"GET": ("escalations.view_incident",)}
    serializer = StormSerializer
    ordering_fields = ("started_at",)
    ordering = "-started_at"
    lookups = {"parent": ("An incident's number.", "parent")}

    def rows(self):
        return Storm.objects.real().filter(parent__in=Incident.objects.visible_to(self.person))
