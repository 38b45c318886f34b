"""/api/v1/exceptions/: asked for, answered by somebody else, over by themselves."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api_nouns import (
    DiscreetSerializer,
    NounDetail,
    NounList,
    NounView,
    documented,
    named_by,
)
from escalations.forms.exceptions import ExceptionAnswerIn, ExceptionEndIn, ExceptionIn, RenewalIn
from escalations.models import PolicyException
from escalations.selectors.exceptions import VIEW, state_at, visible_exceptions
from escalations.services import exceptions as verbs


class ExceptionSerializer(DiscreetSerializer):
    policy = named_by("code")
    account = named_by("external_id")
    team = named_by("code")
    owner = named_by("username")
    asked_by = named_by("username")
    answered_by = named_by("username")
    ended_by = named_by("username")
    standing = serializers.SerializerMethodField(
        help_text="asked, to_come, in_force, refused, expired or ended, as of now."
    )

    class Meta:
        model = PolicyException
        fields = (
            "id", "policy", "account", "product_area", "team", "incident", "kind", "clock_kind",
            "severity", "target_s", "rule", "reason", "cost_minor", "currency", "cost_words",
            "owner", "asked_at", "asked_by", "state", "standing", "answered_at", "answered_by",
            "answer", "starts_at", "expires_at", "ended_at", "ended_by", "ended_why", "renews",
            "renewals",
        )  # fmt: skip

    def get_standing(self, row: PolicyException) -> str:
        return state_at(row, self.context["at"])


class _Exceptions(NounView):
    rights = {"GET": (VIEW,)}
    serializer = ExceptionSerializer

    def rows(self) -> QuerySet[PolicyException]:
        return visible_exceptions(self.person)

    def told(self, body: serializers.Serializer) -> dict[str, Any]:
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def answered(self, row: PolicyException, status: int = 200) -> Response:
        return Response(self.shown(row), status=status)


@documented("exception", "exceptions", ExceptionSerializer)
class ExceptionList(_Exceptions, NounList):
    ordering_fields = ("asked_at", "expires_at")
    ordering = "-asked_at"
    search = ("reason", "rule")
    lookups = {
        "state": ("State as it was written.", "state"),
        "kind": ("target or other.", "kind"),
        "policy": ("Code of the policy.", "policy__code"),
        "account": ("External id of the customer.", "account__external_id"),
        "team": ("Code of the team.", "team__code"),
        "expires_before": ("Ends before an instant.", "expires_at__lt"),
    }

    @extend_schema(
        request=ExceptionIn, responses={201: ExceptionSerializer}, summary="Ask for an exception"
    )
    def post(self, request: Request) -> Response:
        given = self.told(ExceptionIn(data=self.document()))
        return self.answered(verbs.ask_exception(given, by=self.person, at=self.at), 201)


@documented("exception", "exceptions", ExceptionSerializer)
class ExceptionDetail(_Exceptions, NounDetail):
    key = "id"


class ApproveException(_Exceptions):
    @extend_schema(
        request=ExceptionAnswerIn, responses=ExceptionSerializer, summary="Approve an exception"
    )
    def post(self, request: Request, id: int) -> Response:
        given = self.told(ExceptionAnswerIn(data=self.document()))
        return self.answered(verbs.approve_exception(id, by=self.person, at=self.at, **given))


class RefuseException(_Exceptions):
    @extend_schema(
        request=ExceptionAnswerIn, responses=ExceptionSerializer, summary="Refuse an exception"
    )
    def post(self, request: Request, id: int) -> Response:
        given = self.told(ExceptionAnswerIn(data=self.document()))
        return self.answered(verbs.refuse_exception(id, by=self.person, at=self.at, **given))


class EndException(_Exceptions):
    @extend_schema(
        request=ExceptionEndIn, responses=ExceptionSerializer, summary="End an exception early"
    )
    def post(self, request: Request, id: int) -> Response:
        given = self.told(ExceptionEndIn(data=self.document()))
        return self.answered(verbs.end_exception(id, by=self.person, at=self.at, **given))


class RenewException(_Exceptions):
    @extend_schema(
        request=RenewalIn, responses={201: ExceptionSerializer}, summary="Renew an exception"
    )
    def post(self, request: Request, id: int) -> Response:
        given = self.told(RenewalIn(data=self.document()))
        return self.answered(verbs.renew_exception(id, given, by=self.person, at=self.at), 201)
