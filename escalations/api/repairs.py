"""/api/v1/clock-repairs/: changes of running promises, seen before they are made."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
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
from escalations.models import ClockRepair, Incident
from escalations.models.repairs import RepairKind
from escalations.selectors.incidents import MAX_NUMBER
from escalations.services.repairs import apply_repair, drop_repair, propose_repair

BIGGEST = 2**31 - 1


class RepairIn(StrictSerializer):
    """`policy`: `policy` and `version`. `calendar`, `recompute`: `hours` and `version`. `due`:
    `clock` and `due_at`."""

    kind = serializers.ChoiceField(RepairKind.choices)
    reason = serializers.CharField(max_length=500)
    policy = serializers.CharField(max_length=80, required=False)
    hours = serializers.CharField(max_length=80, required=False)
    version = serializers.IntegerField(min_value=1, max_value=BIGGEST, required=False)
    clock = serializers.IntegerField(min_value=1, max_value=MAX_NUMBER, required=False)
    due_at = AwareDateTimeField(required=False)


class RepairAnswerOut(serializers.Serializer):
    incident = serializers.IntegerField(source="incident_id")
    is_moved = serializers.BooleanField()
    why = serializers.CharField(help_text="Why it was kept as it was.")


class RepairSerializer(DiscreetSerializer):
    """Rows of incidents that the reader may not see are left out of `rows` and `answers`."""

    state = serializers.ChoiceField(["asked", "applying", "applied", "dropped"], read_only=True)
    policy_version: Any = serializers.StringRelatedField()
    hours: Any = serializers.StringRelatedField()
    asked_by = named_by("username")
    applied_by = named_by("username")
    dropped_by = named_by("username")
    rows = serializers.SerializerMethodField()
    answers = serializers.SerializerMethodField()

    class Meta:
        model = ClockRepair
        fields = (
            "id",
            "kind",
            "state",
            "reason",
            "policy_version",
            "hours",
            "clock",
            "due_at",
            "rows",
            "answers",
            "asked_at",
            "asked_by",
            "applied_at",
            "applied_by",
            "dropped_at",
            "dropped_by",
        )

    def get_rows(self, repair: ClockRepair) -> list[dict[str, Any]]:
        seen = self._seen(repair)
        return [row for row in repair.rows if row["incident"] in seen]

    @extend_schema_field(RepairAnswerOut(many=True))
    def get_answers(self, repair: ClockRepair) -> list[Any]:
        told = list(repair.answers.all())
        seen = self._seen(repair) if told else set()
        return RepairAnswerOut([each for each in told if each.incident_id in seen], many=True).data  # type: ignore[return-value]  # a list of dicts

    def _seen(self, repair: ClockRepair) -> set[int]:
        numbers = {row["incident"] for row in repair.rows}
        seen = Incident.objects.visible_to(self.context["person"]).filter(pk__in=numbers)
        return set(seen.values_list("pk", flat=True))


class _Repairs(NounView):
    rights = {"GET": ("escalations.view_incident",)}
    serializer = RepairSerializer

    def rows(self) -> QuerySet[ClockRepair]:
        seen = Incident.objects.visible_to(self.person)
        people = ("asked_by", "applied_by", "dropped_by")
        rows = ClockRepair.objects.filter(Q(clock=None) | Q(clock__incident__in=seen))
        rows = rows.select_related("policy_version", "hours", *people)
        return rows.prefetch_related("answers")


@documented("repair", "clock-repairs", RepairSerializer)
class RepairList(_Repairs, NounList):
    ordering_fields = ("asked_at",)
    ordering = "-asked_at"
    lookups = {"kind": ("policy, calendar, recompute or due.", "kind")}

    @extend_schema(
        request=RepairIn,
        responses={201: RepairSerializer},
        summary="Propose a repair and see its differences",
    )
    def post(self, request: Request) -> Response:
        body = RepairIn(data=self.document())
        body.is_valid(raise_exception=True)
        repair = propose_repair(body.validated_data, by=self.person, at=self.at)
        return Response(self.shown(repair), status=201)


@documented("repair", "clock-repairs", RepairSerializer)
class RepairDetail(_Repairs, NounDetail):
    key = "id"


class ApplyRepair(BelayAPIView):
    @extend_schema(request=None, responses=RepairSerializer, summary="Apply what another proposed")
    def post(self, request: Request, id: int) -> Response:
        repair = apply_repair(id, by=self.person, at=self.at)
        return Response(RepairSerializer(repair, context={"person": self.person}).data)


class DropRepair(BelayAPIView):
    @extend_schema(request=None, responses=RepairSerializer, summary="Drop a proposed repair")
    def post(self, request: Request, id: int) -> Response:
        repair = drop_repair(id, by=self.person, at=self.at)
        return Response(RepairSerializer(repair, context={"person": self.person}).data)
