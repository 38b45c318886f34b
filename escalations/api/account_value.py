"""/api/v1/account-value/: the versions of the rubric by which accounts are valued."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ValueRubricVersion
from accounts.models.value_rubrics import CONTENT
from accounts.rules.value_checks import LONGEST_TEXT, MOST_AMOUNT
from config.lib.api_nouns import DiscreetSerializer, NounDetail, NounList, NounView, documented
from config.lib.serializers import StrictSerializer
from escalations.services.value_versions import draft_value

TEXTS = ("importance_anchors", "influence_anchors")


class AccountValueSerializer(DiscreetSerializer):
    """`state`: draft, in_review, approved, scheduled, in_force or retired."""

    class Meta:
        model = ValueRubricVersion
        fields = ("number", "state", "effective_from", "retired_at", "sha256", "note", *CONTENT)
        read_only_fields = fields


def _input(name: str) -> Any:
    if name in TEXTS:
        text = serializers.CharField(max_length=LONGEST_TEXT)
        return serializers.ListField(child=text, min_length=5, max_length=5, required=False)
    return serializers.IntegerField(min_value=0, max_value=MOST_AMOUNT, required=False)


class _Reason(StrictSerializer):
    reason = serializers.CharField(max_length=1000)


# What is left out stays as it is in force.
AccountValueIn = type("AccountValueIn", (_Reason,), {name: _input(name) for name in CONTENT})


class _Versions(NounView):
    rights = {
        "GET": ("accounts.view_valuerubricversion",),
        "POST": ("accounts.add_valuerubricversion",),
    }
    serializer = AccountValueSerializer

    def rows(self) -> QuerySet[ValueRubricVersion]:
        return ValueRubricVersion.objects.order_by("-number")


@documented("version of account value", "account value", AccountValueSerializer)
class AccountValueList(_Versions, NounList):
    """Ask for approval of a draft under `/api/v1/change-requests/`, kind `account_value`, code
    `accounts`."""

    ordering_fields = ("number",)
    ordering = "-number"
    lookups = {"state": ("draft, in_review, approved, scheduled, in_force or retired.", "state")}

    @extend_schema(
        operation_id="account_value_draft",
        request=AccountValueIn,
        responses={201: AccountValueSerializer},
        summary="Draft the next version; what is left out stays as it is in force",
    )
    def post(self, request: Request) -> Response:
        body = AccountValueIn(data=self.document())
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        note = values.pop("reason")
        version = draft_value(values, by=self.person, at=self.at, note=note)
        return Response(self.shown(version), status=201)


@documented("version of account value", "account value", AccountValueSerializer)
class AccountValueDetail(_Versions, NounDetail):
    key = "number"
