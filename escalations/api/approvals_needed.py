"""/api/v1/approvals-needed/: how many others must approve a change of each kind."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api_view import BelayAPIView
from config.lib.errors import NotAllowed
from config.lib.serializers import StrictSerializer
from escalations.api.changes import RequestSerializer
from escalations.selectors.approvals import approval_rows
from escalations.services.approval_numbers import ask_number


class ApprovalsNeededOut(serializers.Serializer):
    """`code`: a kind of change, or `policy-` and the code of a policy. `asked` waits for others."""

    code = serializers.CharField()
    title = serializers.CharField()
    needed = serializers.IntegerField()
    asked = serializers.IntegerField(source="asked.needed", allow_null=True, default=None)


class ApprovalsNeededIn(StrictSerializer):
    code = serializers.CharField(max_length=60)
    needed = serializers.IntegerField(min_value=1, max_value=9)
    reason = serializers.CharField(max_length=1000)


class ApprovalsNeededView(BelayAPIView):
    """The number in force decides about another one."""

    @extend_schema(
        operation_id="approvals_needed_list",
        summary="How many approvals each kind of change needs",
        responses=ApprovalsNeededOut(many=True),
    )
    def get(self, request: Request) -> Response:
        if not self.person.has_perm("escalations.view_changerequest"):
            raise NotAllowed("missing_right", "Your role does not read requests.")
        return Response(ApprovalsNeededOut(approval_rows(), many=True).data)

    @extend_schema(
        operation_id="approvals_needed_ask",
        summary="Ask for another number",
        request=ApprovalsNeededIn,
        responses={201: RequestSerializer},
    )
    def post(self, request: Request) -> Response:
        body = ApprovalsNeededIn(data=self.document())
        body.is_valid(raise_exception=True)
        given = body.validated_data
        said = {"reason": given["reason"]}
        found = ask_number(given["code"], given["needed"], said, by=self.person, at=self.at)
        shown = RequestSerializer(found, context={"person": self.person}).data
        return Response(shown, status=201)
