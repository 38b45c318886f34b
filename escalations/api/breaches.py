"""/api/v1/breaches/: broken promises and why, as proposed and as a person confirmed it."""

from __future__ import annotations

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
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
from escalations.models import ClockMark, Incident
from escalations.models.clocks import CAUSES, MarkKind
from escalations.services.breach_causes import confirm_cause


class BreachSerializer(DiscreetSerializer):
    """`kind`: breach, or miss of an update."""

    incident = serializers.IntegerField(source="clock.incident_id", read_only=True)
    clock = serializers.CharField(source="clock.kind", read_only=True)
    cycle = serializers.IntegerField(source="clock.cycle", read_only=True)
    cause_confirmed_by = named_by("username")

    class Meta:
        model = ClockMark
        fields = (
            "id",
            "incident",
            "clock",
            "cycle",
            "kind",
            "due_at",
            "late_by_s",
            "cause",
            "proposed_cause",
            "cause_note",
            "cause_confirmed_at",
            "cause_confirmed_by",
        )


class _Breaches(NounView):
    rights = {"GET": ("escalations.view_incident",)}
    serializer = BreachSerializer

    def rows(self) -> QuerySet[ClockMark]:
        seen = Incident.objects.visible_to(self.person).real()
        is_confirmed = ExpressionWrapper(
            Q(cause_confirmed_at__isnull=False), output_field=BooleanField()
        )
        return (
            ClockMark.objects.exclude(kind=MarkKind.WARNING)
            .filter(clock__incident__in=seen)
            .select_related("clock", "cause_confirmed_by")
            .annotate(has_confirmed_cause=is_confirmed)
        )


@documented("breach", "breaches", BreachSerializer)
class BreachList(_Breaches, NounList):
    ordering_fields = ("due_at", "recorded_at")
    ordering = "-due_at"
    lookups = {
        "incident": ("Number.", "clock__incident"),
        "clock": ("response, restore, resolution, cadence or ola.", "clock__kind"),
        "cause": ("A cause, proposed or confirmed.", "cause"),
        "confirmed": ("true or false.", "has_confirmed_cause"),
    }


@documented("breach", "breaches", BreachSerializer)
class BreachDetail(_Breaches, NounDetail):
    key = "id"


class CauseIn(StrictSerializer):
    cause = serializers.ChoiceField(
        CAUSES, required=False, allow_blank=True, help_text="Empty: the proposed one is right."
    )
    note = serializers.CharField(max_length=500, required=False, allow_blank=True)


class ConfirmCause(BelayAPIView):
    @extend_schema(request=CauseIn, responses=BreachSerializer, summary="Say why it was late")
    def post(self, request: Request, id: int) -> Response:
        body = CauseIn(data=self.document())
        body.is_valid(raise_exception=True)
        mark = confirm_cause(id, by=self.person, at=self.at, **body.validated_data)
        return Response(BreachSerializer(mark, context={"person": self.person}).data)
