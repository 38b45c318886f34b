"""/api/v1/suggestions/: words to the committee, and its answers."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api_nouns import (
    DiscreetSerializer,
    NounList,
    NounView,
    documented,
    named_by,
)
from config.lib.api_view import BelayAPIView
from config.lib.serializers import StrictSerializer
from escalations.forms.verbs import IncidentNumberField
from escalations.models import Suggestion
from escalations.selectors.suggestions import visible_suggestions
from escalations.services.suggestions import answer_suggestion, suggest


class SuggestionIn(StrictSerializer):
    policy = serializers.CharField(max_length=80)
    text = serializers.CharField(max_length=1000)
    about = serializers.CharField(max_length=160, required=False, allow_blank=True)
    incident = IncidentNumberField(required=False, allow_null=True)


class SuggestionAnswerIn(StrictSerializer):
    answer = serializers.CharField(max_length=1000)


class SuggestionSerializer(DiscreetSerializer):
    policy = named_by("code")
    suggested_by = named_by("username")
    answered_by = named_by("username")

    class Meta:
        model = Suggestion
        fields = (
            "id",
            "policy",
            "about",
            "incident",
            "text",
            "suggested_at",
            "suggested_by",
            "answer",
            "answered_at",
            "answered_by",
        )


class _Suggestions(NounView):
    rights = {"GET": ("escalations.view_incident",)}
    serializer = SuggestionSerializer

    def rows(self) -> QuerySet[Suggestion]:
        return visible_suggestions(self.person)


@documented("suggestion", "suggestions", SuggestionSerializer)
class SuggestionList(_Suggestions, NounList):
    """One's own; the committee and auditors read all."""

    ordering_fields = ("suggested_at",)
    ordering = "-suggested_at"

    @extend_schema(
        request=SuggestionIn, responses={201: SuggestionSerializer}, summary="Suggest a change"
    )
    def post(self, request: Request) -> Response:
        body = SuggestionIn(data=self.document())
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        found = suggest(given.pop("policy"), given, by=self.person, at=self.at)
        return Response(self.shown(found), status=201)


class AnswerSuggestion(BelayAPIView):
    @extend_schema(
        request=SuggestionAnswerIn,
        responses=SuggestionSerializer,
        summary="Answer as the committee",
    )
    def post(self, request: Request, id: int) -> Response:
        body = SuggestionAnswerIn(data=self.document())
        body.is_valid(raise_exception=True)
        found = answer_suggestion(id, body.validated_data["answer"], by=self.person, at=self.at)
        return Response(SuggestionSerializer(found, context={"person": self.person}).data)
