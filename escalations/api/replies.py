"""POST /api/v1/incidents/N/replies/: a mailbox or help desk passes on what the customer wrote."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors.people import rights_of
from config.lib.api_view import BelayAPIView
from config.lib.errors import NotAllowed
from config.lib.serializers import StrictSerializer
from escalations.api.bodies import IncidentOut
from escalations.api.incidents import check_number
from escalations.forms.verbs import AwareDateTimeField
from escalations.selectors.incidents import detail, visible_incident
from escalations.services.replies import receive_reply

RIGHTS = ("escalations.send_signals", "escalations.respond_incident")


class ReplyIn(StrictSerializer):
    text = serializers.CharField(max_length=4000, help_text="What they wrote.")
    name = serializers.CharField(
        max_length=160, required=False, allow_blank=True, help_text="Who wrote it."
    )
    message_id = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Counted once an incident."
    )
    received_at = AwareDateTimeField(
        required=False, allow_null=True, help_text="When it arrived; now if empty."
    )


class ReplyList(BelayAPIView):
    @extend_schema(
        request=ReplyIn,
        responses=IncidentOut,
        summary="The customer replied: what waited for them goes on",
        operation_id="incidents_reply",
    )
    def post(self, request: Request, number: int) -> Response:
        visible_incident(check_number(number), self.person)
        if not any(self.person.has_perm(right) for right in RIGHTS):
            raise NotAllowed("missing_right", "Replies need the right to send signals or respond.")
        body = ReplyIn(data=self.document())
        body.is_valid(raise_exception=True)
        receive_reply(number, by=self.person, at=self.at, **body.validated_data)
        incident = visible_incident(number, self.person)
        return Response(detail(incident, rights_of(self.person), self.at))
