"""Rosters and service hours over HTTP: what is in effect, and who answers."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import (
    Layer,
    Override,
    Roster,
    RosterVersion,
    ServiceHours,
    ServiceHoursVersion,
    User,
)
from accounts.selectors.rosters import on_call
from config.lib.api_nouns import (
    DiscreetSerializer,
    NounDetail,
    NounList,
    NounView,
    documented,
    instant,
    named_by,
)


class LayerOut(DiscreetSerializer):
    people = serializers.SerializerMethodField()

    class Meta:
        model = Layer
        fields = ("position", "zone", "start_on", "handoff", "unit", "every", "restrict", "people")

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_people(self, layer: Layer) -> list[str]:
        return [place.user.username for place in layer.people.all()]


class RosterVersionOut(DiscreetSerializer):
    layers = LayerOut(many=True, read_only=True)

    class Meta:
        model = RosterVersion
        fields = ("number", "effective_from", "recorded_at", "withdrawn_at", "layers")


class OverrideOut(DiscreetSerializer):
    user = named_by("username", allow_null=True)

    class Meta:
        model = Override
        fields = ("user", "start_at", "end_at", "reason", "recorded_at", "withdrawn_at")


class RosterSerializer(DiscreetSerializer):
    team = named_by("code")
    owner = named_by("username", allow_null=True)
    versions = RosterVersionOut(many=True, read_only=True)
    overrides = serializers.SerializerMethodField()

    class Meta:
        model = Roster
        fields = ("code", "name", "team", "owner", "versions", "overrides")

    @extend_schema_field(OverrideOut(many=True))
    def get_overrides(self, roster: Roster) -> Any:
        """Those that have not ended."""
        return OverrideOut(roster.overrides.all(), many=True, context=self.context).data


class _Rosters(NounView):
    rights = {"GET": ("accounts.view_roster",)}
    serializer = RosterSerializer

    def rows(self) -> QuerySet[Roster]:
        overrides = Override.objects.filter(end_at__gt=self.at).select_related("user")
        return Roster.objects.select_related("team", "owner").prefetch_related(
            "versions__layers__people__user", Prefetch("overrides", overrides)
        )


@documented("roster", "rosters", RosterSerializer)
class RosterList(_Rosters, NounList):
    """Duty plans with their versions, layers and coming overrides."""

    ordering_fields = ("code", "name")
    ordering = "code"
    search = ("code", "name")
    lookups = {"team": ("Team code.", "team__code")}


@documented("roster", "rosters", RosterSerializer)
class RosterDetail(_Rosters, NounDetail):
    pass


class OnCallOut(serializers.Serializer):
    at = serializers.DateTimeField()
    known_at = serializers.DateTimeField()
    person = serializers.CharField(allow_null=True, help_text="Username; null in a gap.")
    source = serializers.CharField(  # type: ignore[assignment]  # also an attribute of fields
        help_text="layer1 and up, override, fallback or gap."
    )


class RosterOnCall(NounView):
    """Asked by the same resolver that pages."""

    rights = {"GET": ("accounts.view_roster",)}
    filters = {
        "at": "An instant with its offset; now if left out.",
        "known_at": "As known then, by what had been recorded; now if left out.",
    }

    @extend_schema(
        operation_id="rosters_on_call", summary="Who answers for a roster", responses=OnCallOut
    )
    def get(self, request: Request, code: str) -> Response:
        roster = get_object_or_404(Roster, code=code)
        duty_at = self.at if (text := self.parameter("at")) is None else instant("at", text)
        text = self.parameter("known_at")
        known_at = self.at if text is None else min(instant("known_at", text), self.at)
        duty = on_call(roster, duty_at, known_at)
        named = User.objects.filter(pk__in=[] if duty.is_gap else [int(str(duty.person))])
        name = named.values_list("username", flat=True).first()
        source = "gap" if duty.is_gap else duty.source
        return Response({"at": duty_at, "known_at": known_at, "person": name, "source": source})


class HoursVersionOut(DiscreetSerializer):
    class Meta:
        model = ServiceHoursVersion
        fields = ("number", "zone", "is_always_open", "weekly", "dates", "places", "effective_from")


class ServiceHoursSerializer(DiscreetSerializer):
    versions = HoursVersionOut(many=True, read_only=True)

    class Meta:
        model = ServiceHours
        fields = ("code", "name", "versions")


class _Hours(NounView):
    rights = {"GET": ("accounts.view_servicehours",)}
    serializer = ServiceHoursSerializer

    def rows(self) -> QuerySet[ServiceHours]:
        return ServiceHours.objects.prefetch_related("versions")


@documented("business calendar", "service hours", ServiceHoursSerializer)
class ServiceHoursList(_Hours, NounList):
    """Business calendars and every version of them."""

    ordering_fields = ("code", "name")
    ordering = "code"
    search = ("code", "name")


@documented("business calendar", "service hours", ServiceHoursSerializer)
class ServiceHoursDetail(_Hours, NounDetail):
    pass
