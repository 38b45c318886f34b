"""/api/v1/automation-pauses/: times when ladders and KPIs keep what they would do."""

from __future__ import annotations

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from drf_spectacular.utils import extend_schema
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
from escalations.forms.exceptions import AutomationPauseIn
from escalations.models import AutomationPause
from escalations.selectors.automation import described
from escalations.services.automation import end_pause, pause_automation


class AutomationPauseSerializer(DiscreetSerializer):
    policy = named_by("code")
    kpi = named_by("code")
    paused_by = named_by("username")
    approver = named_by("username")
    ended_by = named_by("username")

    class Meta:
        model = AutomationPause
        fields = (
            "id", "scope", "policy", "kpi", "ladder", "reason", "paused_by", "approver",
            "concerns_s1", "starts_at", "ends_at", "ended_at", "ended_by",
        )  # fmt: skip


class _Pauses(NounView):
    rights = {"GET": ("escalations.view_incident",)}
    serializer = AutomationPauseSerializer

    def rows(self) -> QuerySet[AutomationPause]:
        return described()


@documented("pause of automation", "automation-pauses", AutomationPauseSerializer)
class PauseList(_Pauses, NounList):
    """A pause lasts while `ended_at` is empty."""

    ordering_fields = ("starts_at", "ends_at")
    ordering = "-starts_at"
    lookups = {
        "scope": ("all, policy, kpi or ladder.", "scope"),
        "has_ended": ("false: those that last.", "has_ended"),
        "ends_after": ("Ends after an instant.", "ends_at__gt"),
    }

    def rows(self) -> QuerySet[AutomationPause]:
        is_over = ExpressionWrapper(Q(ended_at__isnull=False), BooleanField())
        return described().annotate(has_ended=is_over)

    @extend_schema(
        request=AutomationPauseIn,
        responses={201: AutomationPauseSerializer},
        summary="Pause automation",
    )
    def post(self, request: Request) -> Response:
        body = AutomationPauseIn(data=self.document())
        body.is_valid(raise_exception=True)
        made = pause_automation(body.validated_data, by=self.person, at=self.at)
        return Response(self.shown(made), status=201)


@documented("pause of automation", "automation-pauses", AutomationPauseSerializer)
class PauseDetail(_Pauses, NounDetail):
    key = "id"


class EndAutomationPause(_Pauses):
    @extend_schema(request=None, responses=AutomationPauseSerializer, summary="End a pause now")
    def post(self, request: Request, id: int) -> Response:
        return Response(self.shown(end_pause(id, by=self.person, at=self.at)))
