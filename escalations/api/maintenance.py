"""/api/v1/maintenance-windows/: times when signals are kept and nobody is called."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api_nouns import DiscreetSerializer, NounDetail, NounList, documented, named_by
from config.lib.api_view import BelayAPIView
from escalations.forms.maintenance import EndIn, WindowIn
from escalations.models import MaintenanceWindow
from escalations.selectors.maintenance import counted
from escalations.services.maintenance import declare, end_early

VIEW = {"GET": ("escalations.view_incident",)}


class WindowSerializer(DiscreetSerializer):
    owner = named_by("username")
    kpi = named_by("code")
    account = named_by("external_id")
    ended_by = named_by("username")
    kept = serializers.IntegerField(source="kept_count", read_only=True)
    standing = serializers.IntegerField(read_only=True)

    class Meta:
        model = MaintenanceWindow
        fields = (
            "id",
            "reason",
            "owner",
            "kpi",
            "source",
            "account",
            "product_area",
            "starts_at",
            "ends_at",
            "weekdays",
            "repeat_from",
            "repeat_to",
            "time_zone",
            "until",
            "ended_at",
            "ended_by",
            "kept",
            "standing",
        )


@documented("maintenance window", "maintenance-windows", WindowSerializer)
class WindowList(NounList):
    """`starts_at` and `ends_at` are the present or next time of a repeating window."""

    rights = VIEW
    serializer = WindowSerializer
    ordering_fields = ("starts_at", "ends_at")
    ordering = "-starts_at"
    search = ("reason", "source")
    lookups = {
        "lasting_at": ("An instant: those that begin no later ...", "starts_at__lte"),
        "ends_after": ("... and end after an instant.", "ends_at__gt"),
        "product_area": ("Product area.", "product_area"),
    }

    def rows(self) -> QuerySet[MaintenanceWindow]:
        return counted()

    @extend_schema(request=WindowIn, responses={201: WindowSerializer}, summary="Declare a window")
    def post(self, request: Request) -> Response:
        body = WindowIn(data=self.document())
        body.is_valid(raise_exception=True)
        made = declare(body.validated_data, by=self.person, at=self.at)
        return Response(self.shown(counted().get(pk=made.pk)), status=201)


@documented("maintenance window", "maintenance-windows", WindowSerializer)
class WindowDetail(NounDetail):
    rights = VIEW
    serializer = WindowSerializer
    key = "id"

    def rows(self) -> QuerySet[MaintenanceWindow]:
        return counted()


class EndedOut(serializers.Serializer):
    opened = serializers.IntegerField(help_text="Incidents that opened by it.")


class EndWindow(BelayAPIView):
    @extend_schema(request=EndIn, responses=EndedOut, summary="End a window early")
    def post(self, request: Request, id: int) -> Response:
        body = EndIn(data=self.document())
        body.is_valid(raise_exception=True)
        opened = end_early(id, by=self.person, at=self.at, **body.validated_data)
        return Response({"opened": opened})
