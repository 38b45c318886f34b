"""/api/v1/change-requests/: asking for a change of the rules, and answering one."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
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
from escalations.selectors.governed_kinds import KINDS, NAMES, kind_of, version_of
from escalations.services.changes import approve, ask_approval, roll_back, send_back, withdraw

BIGGEST = 2**31 - 1
OWNERS = [f"{kind.field}__{kind.owner}" for kind in KINDS]


class RollBackIn(StrictSerializer):
    """`kind`, `code` and `version` name what was in force before; a copy of it is asked for."""

    kind = serializers.ChoiceField(NAMES, required=False, default="policy")
    code = serializers.CharField(max_length=80)
    version = serializers.IntegerField(min_value=1, max_value=BIGGEST)
    reason = serializers.CharField(max_length=1000)
    effective_from = AwareDateTimeField(required=False, allow_null=True)
    is_emergency = serializers.BooleanField(required=False, default=False)


class AskIn(RollBackIn):
    """`kind`, `code` and `version` name a draft; `acknowledged` holds the keys of its warnings, as
    an answer `warnings_open` lists them."""

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
    """`code` is of the thing whose version it is: a policy, a KPI, a playbook."""

    kind = serializers.SerializerMethodField()
    code = serializers.SerializerMethodField()
    version = serializers.SerializerMethodField()
    replaced = serializers.IntegerField(source="replaced_number", read_only=True, allow_null=True)
    restores = serializers.IntegerField(source="restores_number", read_only=True, allow_null=True)

    class Meta:
        model = Change
        fields = ("kind", "code", "version", "replaced", "restores")

    def get_kind(self, change: Change) -> str:
        return kind_of(change).said.name

    def get_code(self, change: Change) -> str:
        return kind_of(change).code_of(version_of(change))

    def get_version(self, change: Change) -> int:
        return version_of(change).number


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
            Prefetch("changes", Change.objects.select_related(*OWNERS)), "approvals__person"
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
        named = given.pop("code"), given.pop("version")
        kind = given.pop("kind")
        found = ask_approval(*named, given, by=self.person, at=self.at, kind=kind)
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
        named = given.pop("code"), given.pop("version")
        kind = given.pop("kind")
        found = roll_back(*named, given, by=self.person, at=self.at, kind=kind)
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
