"""/api/v1/change-requests/: asking for a change of the rules, and answering one."""

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
from config.lib.api_view import BelayAPIView
from config.lib.serializers import StrictSerializer
from escalations.forms.verbs import AwareDateTimeField
from escalations.models import Approval, Change, ChangeRequest
from escalations.services.changes import approve, ask_approval, roll_back, send_back, withdraw

BIGGEST = 2**31 - 1


class RollBackIn(StrictSerializer):
    """`policy` and `version` name what was in force before; a copy of it is asked for."""

    policy = serializers.CharField(max_length=80)
    version = serializers.IntegerField(min_value=1, max_value=BIGGEST)
    reason = serializers.CharField(max_length=1000)
    effective_from = AwareDateTimeField(required=False, allow_null=True)
    is_emergency = serializers.BooleanField(required=False, default=False)


class AskIn(RollBackIn):
    """`policy` and `version` name a draft; `acknowledged` holds the keys of its warnings, as an
    answer `warnings_open` lists them."""

    title = serializers.CharField(max_length=160, required=False)
    acknowledged = serializers.ListField(
        child=serializers.CharField(max_length=16), max_length=500, required=False
    )


class CommentIn(StrictSerializer):
    comment = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)


class WordSerializer(DiscreetSerializer):
    person = named_by("username")

    class Meta:
        model = Approval
        fields = ("round", "person", "verdict", "comment", "at")


class ChangeSerializer(DiscreetSerializer):
    policy = serializers.CharField(source="policy_version.policy.code", read_only=True)
    version = serializers.IntegerField(source="policy_version.number", read_only=True)
    replaced = serializers.IntegerField(
        source="replaced.number", read_only=True, allow_null=True, default=None
    )
    restores = serializers.IntegerField(
        source="restores.number", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = Change
        fields = ("policy", "version", "replaced", "restores")


class RequestSerializer(DiscreetSerializer):
    """`settle_at`: when it takes effect by itself, or is taken back unless confirmed."""

    author = named_by("username")
    changes: Any = ChangeSerializer(many=True, read_only=True)
    approvals: Any = WordSerializer(many=True, read_only=True)

    class Meta:
        model = ChangeRequest
        fields = (
            "id",
            "title",
            "reason",
            "state",
            "author",
            "asked_at",
            "round",
            "needed",
            "is_emergency",
            "effective_from",
            "effective_at",
            "settle_at",
            "confirmed_at",
            "ended_at",
            "stopped_why",
            "changes",
            "approvals",
        )


class _Requests(NounView):
    rights = {"GET": ("escalations.view_changerequest",)}
    serializer = RequestSerializer

    def rows(self) -> QuerySet[ChangeRequest]:
        return ChangeRequest.objects.select_related("author").prefetch_related(
            "changes__policy_version__policy",
            "changes__replaced",
            "changes__restores",
            "approvals__person",
        )


@documented("request", "change-requests", RequestSerializer)
class RequestList(_Requests, NounList):
    ordering_fields = ("asked_at",)
    ordering = "-asked_at"
    lookups = {
        "state": (
            "in_review, sent_back, scheduled, in_force, withdrawn or expired.",
            "state",
        )
    }

    @extend_schema(
        request=AskIn, responses={201: RequestSerializer}, summary="Ask for approval of a draft"
    )
    def post(self, request: Request) -> Response:
        body = AskIn(data=self.document())
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        code, number = given.pop("policy"), given.pop("version")
        found = ask_approval(code, number, given, by=self.person, at=self.at)
        return Response(self.shown(found), status=201)


@documented("request", "change-requests", RequestSerializer)
class RequestDetail(_Requests, NounDetail):
    key = "id"


class RollBackVersion(BelayAPIView):
    @extend_schema(
        request=RollBackIn,
        responses={201: RequestSerializer},
        summary="Ask for an older version again",
    )
    def post(self, request: Request) -> Response:
        body = RollBackIn(data=self.document())
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        code, number = given.pop("policy"), given.pop("version")
        found = roll_back(code, number, given, by=self.person, at=self.at)
        return _shown(found, self, status=201)


class ApproveRequest(BelayAPIView):
    @extend_schema(request=CommentIn, responses=RequestSerializer, summary="Approve a request")
    def post(self, request: Request, id: int) -> Response:
        comment = _comment(self)
        return _shown(approve(id, by=self.person, at=self.at, comment=comment), self)


class SendBackRequest(BelayAPIView):
    @extend_schema(request=CommentIn, responses=RequestSerializer, summary="Send a request back")
    def post(self, request: Request, id: int) -> Response:
        return _shown(send_back(id, by=self.person, at=self.at, comment=_comment(self)), self)


class WithdrawRequest(BelayAPIView):
    @extend_schema(request=None, responses=RequestSerializer, summary="Withdraw one's own request")
    def post(self, request: Request, id: int) -> Response:
        return _shown(withdraw(id, by=self.person, at=self.at), self)


def _comment(view: BelayAPIView) -> str:
    body = CommentIn(data=view.document())
    body.is_valid(raise_exception=True)
    return body.validated_data["comment"]


def _shown(found: ChangeRequest, view: BelayAPIView, status: int = 200) -> Response:
    context = {"person": view.person}
    return Response(RequestSerializer(found, context=context).data, status=status)
