"""/api/v1/workstreams/: parts of the work on incidents, each led by one person."""

from __future__ import annotations

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
    is_set,
    named_by,
)
from config.lib.api_view import BelayAPIView
from escalations.api.incidents import check_number
from escalations.api.room import SEE, OfIncident
from escalations.forms.room import WorkstreamIn
from escalations.models import Incident, Workstream
from escalations.services.milestones import add_workstream, end_workstream


class WorkstreamSerializer(DiscreetSerializer):
    incident = serializers.IntegerField(source="incident_id", read_only=True)
    owner = named_by("username")
    begun_by = named_by("username")
    ended_by = named_by("username")

    class Meta:
        model = Workstream
        fields = ("id", "incident", "name", "owner", "begun_at", "begun_by", "ended_at", "ended_by")


PEOPLE = ("owner", "begun_by", "ended_by")


@documented("workstream of an incident", "workstreams of an incident", WorkstreamSerializer)
class IncidentWorkstreams(OfIncident):
    """Those that run and those that have ended."""

    serializer = WorkstreamSerializer
    ordering_fields = ("begun_at",)
    ordering = "begun_at"

    def rows(self) -> QuerySet[Workstream]:
        return Workstream.objects.filter(incident=self.incident()).select_related(*PEOPLE)

    @extend_schema(
        request=WorkstreamIn, responses={201: WorkstreamSerializer}, summary="Begin a workstream"
    )
    def post(self, request: Request, number: int) -> Response:
        row = add_workstream(check_number(number), **self.sent(WorkstreamIn, request))
        return Response(self.shown(row), status=201)


class _Seen(NounView):
    """Of the incidents that the reader may see, and of no drill."""

    rights = SEE
    serializer = WorkstreamSerializer

    def rows(self) -> QuerySet[Workstream]:
        seen = Incident.objects.visible_to(self.person).real()
        rows = Workstream.objects.filter(incident__in=seen).select_related(*PEOPLE)
        return rows.annotate(has_ended=is_set("ended_at"))


@documented("workstream", "workstreams", WorkstreamSerializer)
class WorkstreamList(_Seen, NounList):
    """Over all incidents that the reader may see."""

    ordering_fields = ("begun_at", "name")
    ordering = "-begun_at"
    search = ("name",)
    lookups = {
        "incident": ("Number of an incident.", "incident"),
        "owner": ("Username of who leads it.", "owner__username"),
        "has_ended": ("true or false.", "has_ended"),
    }


@documented("workstream", "workstreams", WorkstreamSerializer)
class WorkstreamDetail(_Seen, NounDetail):
    key = "id"

    def found(self, **kwargs: int) -> Workstream:
        return super().found(id=check_number(kwargs["id"]))


class EndWorkstream(BelayAPIView):
    @extend_schema(
        request=None, responses=WorkstreamSerializer, summary="End a workstream; milestones stay"
    )
    def post(self, request: Request, id: int) -> Response:
        row = end_workstream(check_number(id), by=self.person, at=self.at)
        return Response(WorkstreamSerializer(row, context={"person": self.person}).data)
