"""/api/v1/roster-drafts/: other rules of a roster whose rules change by request."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.stand_in_bodies import RosterVersionIn
from accounts.models import Roster
from accounts.services.roster_versions import NewLayer
from config.lib.api_nouns import named_by
from config.lib.api_view import BelayAPIView
from escalations.api.changes import RequestSerializer
from escalations.services.roster_requests import ask_roster


class RosterDraftIn(RosterVersionIn):
    """As a version of a roster; `not_before` is when it is wanted, an hour from now or later."""

    roster: Any = named_by("code", Roster.objects)
    reason = serializers.CharField(max_length=200)


class RosterDrafts(BelayAPIView):
    """The request is answered under `/api/v1/change-requests/`."""

    @extend_schema(
        operation_id="roster_drafts_ask",
        summary="Ask for other rules of a roster",
        request=RosterDraftIn,
        responses={201: RequestSerializer},
    )
    def post(self, request: Request) -> Response:
        body = RosterDraftIn(data=self.document())
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        layers = [NewLayer(**layer) for layer in given.pop("layers")]
        found = ask_roster(given.pop("roster"), layers, by=self.person, at=self.at, **given)
        shown = RequestSerializer(found, context={"person": self.person}).data
        return Response(shown, status=201)
