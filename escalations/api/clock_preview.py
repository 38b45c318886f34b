"""/api/v1/clocks/preview/: what would be due when, before anything is promised."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api_view import BelayAPIView
from config.lib.errors import NotAllowed
from escalations.selectors.clock_preview import previewed

EXAMPLE = {
    "clock": "resolution",
    "calendar": "NY",
    "target_s": 14400,
    "calendars": {"NY": {"tz": "America/New_York", "weekly": {"fri": [["09:00", "17:00"]]}}},
    "events": [{"at": "2026-11-20T20:30:00Z", "type": "start"}],
    "checks": [{"asof": "2026-11-21T17:00:00Z"}],
}


class ClockCaseIn(serializers.Serializer):
    """A worked case as it stands, and the service hours it names."""

    clock = serializers.ChoiceField(["response", "restore", "resolution", "ola", "cadence"])
    calendar = serializers.CharField(help_text="A name of `calendars`, a code of ours, or always.")
    target_s = serializers.IntegerField(required=False, help_text="Not for a cadence.")
    interval_s = serializers.IntegerField(required=False, help_text="For a cadence.")
    events = serializers.ListField(child=serializers.DictField())
    checks = serializers.ListField(child=serializers.DictField(), help_text="[{asof}, ...]")
    options = serializers.DictField(required=False, help_text="`reopen`: continue or restart.")
    calendars = serializers.DictField(required=False)


class ClockStatesOut(serializers.Serializer):
    states = serializers.ListField(child=serializers.DictField())


class ClockPreview(BelayAPIView):
    @extend_schema(
        request=ClockCaseIn,
        responses={200: ClockStatesOut},
        summary="What would be due when, and why",
        description="Nothing is stored. One state for each check, in their order.",
        examples=[OpenApiExample("Friday afternoon", EXAMPLE, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        if not self.person.has_perm("escalations.view_incident"):
            raise NotAllowed("missing_right", "The calculator is for those who see incidents.")
        return Response({"states": _plain(previewed(self.document(), self.at))})


def _plain(value: Any) -> Any:
    """Instants in UTC with a Z, as the worked cases have them."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
