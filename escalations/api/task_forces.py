"""/api/v1/task-forces/: who sits together on an incident, where, and when they meet."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Prefetch, QuerySet
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
from escalations.api.room import SEE
from escalations.forms.room import TaskForceIn
from escalations.models import Incident, TaskForce, TaskForceMember
from escalations.selectors.task_forces import next_meeting_of
from escalations.services.task_forces import change_task_force, end_task_force, form_task_force


class SittingSerializer(serializers.ModelSerializer):
    user = named_by("username")

    class Meta:
        model = TaskForceMember
        fields = ("user", "joined_at")


class TaskForceSerializer(DiscreetSerializer):
    """`rule` is the name of the one that formed it, null where nobody's did; with it the version of
    the policy it stands in and its place there. `policy` and `version` are null for a rule of the
    house, from before versions carried them. `next_meeting_at` is null without a standing meeting
    and after the end."""

    incident = serializers.IntegerField(source="incident_id", read_only=True)
    rule = named_by("name")
    policy = serializers.CharField(source="rule.version.policy.code", default=None, read_only=True)
    version = serializers.IntegerField(source="rule.version.number", default=None, read_only=True)
    position = serializers.IntegerField(source="rule.position", default=None, read_only=True)
    formed_by = named_by("username")
    ended_by = named_by("username")
    members = SittingSerializer(many=True, read_only=True)
    next_meeting_at = serializers.SerializerMethodField()

    class Meta:
        model = TaskForce
        fields = (
            "incident",
            "rule",
            "policy",
            "version",
            "position",
            "channel_url",
            "bridge_url",
            "meeting",
            "meeting_every_h",
            "meeting_at",
            "meeting_zone",
            "next_meeting_at",
            "members",
            "formed_at",
            "formed_by",
            "ended_at",
            "ended_by",
        )

    def get_next_meeting_at(self, row: TaskForce) -> datetime | None:
        return next_meeting_of(row, self.context["at"])


class _Seen(NounView):
    """Of the incidents that the reader may see, and of no drill."""

    rights = SEE
    serializer = TaskForceSerializer

    def rows(self) -> QuerySet[TaskForce]:
        seen = Incident.objects.visible_to(self.person).real()
        members = TaskForceMember.objects.select_related("user")
        rows = TaskForce.objects.filter(incident__in=seen).annotate(has_ended=is_set("ended_at"))
        return rows.select_related(
            "rule__version__policy", "formed_by", "ended_by"
        ).prefetch_related(Prefetch("members", members))


@documented("task force", "task forces", TaskForceSerializer)
class TaskForceList(_Seen, NounList):
    """Over all incidents that the reader may see."""

    ordering_fields = ("formed_at",)
    ordering = "-formed_at"
    lookups = {
        "incident": ("Number of an incident.", "incident"),
        "member": ("Username of who sits in.", "members__user__username"),
        "meeting": ("every or daily.", "meeting"),
        "has_ended": ("true or false.", "has_ended"),
    }


@documented("task force", "task forces", TaskForceSerializer)
class TaskForceDetail(_Seen, NounDetail):
    """An incident has one task force at most."""

    key = "incident"

    def found(self, **kwargs: int) -> TaskForce:
        return super().found(incident=check_number(kwargs["number"]))


class _Act(_Seen, BelayAPIView):
    """A verb; rights are judged by it, as on the page."""

    rights = {}

    def told(self, row: TaskForce, status: int = 200) -> Response:
        return Response(self.shown(self.rows().get(pk=row.pk)), status=status)


class FormTaskForce(_Act):
    @extend_schema(
        request=None,
        responses={201: TaskForceSerializer},
        summary="Form the task force, by the rule that fits",
    )
    def post(self, request: Request, number: int) -> Response:
        row = form_task_force(check_number(number), by=self.person, at=self.at)
        return self.told(row, 201)


class ChangeTaskForce(_Act):
    @extend_schema(
        request=TaskForceIn,
        responses=TaskForceSerializer,
        summary="Change where and when they meet, or seat somebody",
    )
    def post(self, request: Request, number: int) -> Response:
        body = TaskForceIn(data=self.document())
        body.is_valid(raise_exception=True)
        given = body.validated_data
        return self.told(change_task_force(check_number(number), given, by=self.person, at=self.at))


class EndTaskForce(_Act):
    @extend_schema(request=None, responses=TaskForceSerializer, summary="The task force ends")
    def post(self, request: Request, number: int) -> Response:
        return self.told(end_task_force(check_number(number), by=self.person, at=self.at))
