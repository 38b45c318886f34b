"""Messages out over HTTP: what became of each, try by try; what failed is sent again."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
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
from config.lib.serializers import StrictSerializer
from escalations.models import Notice, NoticeAttempt
from escalations.selectors.delivery_words import state_of
from escalations.selectors.notices import visible_notices
from escalations.services.dead_letters import send_again


class TrySerializer(DiscreetSerializer):
    by = named_by("username", allow_null=True)

    class Meta:
        model = NoticeAttempt
        fields = ("number", "at", "outcome", "error", "took_ms", "by")


class NoticeSerializer(DiscreetSerializer):
    tries = TrySerializer(many=True, read_only=True)
    incident = serializers.IntegerField(source="incident_id", allow_null=True)
    recipient = named_by("username")
    state = serializers.SerializerMethodField()

    class Meta:
        model = Notice
        fields = (
            "id",
            "key",
            "incident",
            "kind",
            "channel",
            "way",
            "recipient",
            "subject",
            "state",
            "created_at",
            "not_before",
            "delay_reason",
            "bundle",
            "attempts",
            "sent_at",
            "cancelled_at",
            "failed_at",
            "uncertain_at",
            "last_error",
            "tries",
        )

    def get_state(self, notice: Notice) -> str:
        """pending, sent, cancelled, failed or uncertain (it may have arrived)."""
        return state_of(notice)


class AgainIn(StrictSerializer):
    reason = serializers.CharField(
        max_length=300, required=False, allow_blank=True, default="", help_text="Why again."
    )


class _Notices(NounView):
    rights = {"GET": ("escalations.view_incident",)}
    serializer = NoticeSerializer

    def rows(self) -> QuerySet[Notice]:
        rows = visible_notices(self.person).select_related("recipient")
        rows = rows.prefetch_related(Prefetch("tries", NoticeAttempt.objects.select_related("by")))
        return rows.annotate(has_failed=is_set("failed_at"), has_doubt=is_set("uncertain_at"))


@documented("notice", "notices", NoticeSerializer)
class NoticeList(_Notices, NounList):
    """Messages out: to whom, why, and whether they arrived."""

    ordering_fields = ("created_at", "sent_at")
    ordering = "-created_at"
    search = ("subject",)
    lookups = {
        "incident": ("Number.", "incident"),
        "kind": ("page, assigned, warning, breach, news or kpi.", "kind"),
        "recipient": ("Username.", "recipient__username"),
        "failed": ("true or false.", "has_failed"),
        "uncertain": ("true or false: it may have arrived.", "has_doubt"),
    }


@documented("notice", "notices", NoticeSerializer)
class NoticeDetail(_Notices, NounDetail):
    key = "id"


class NoticeAgain(_Notices):
    @extend_schema(
        operation_id="notices_send_again",
        summary="Send again what failed, under the same key",
        request=AgainIn,
        responses=NoticeSerializer,
    )
    def post(self, request: Request, id: int) -> Response:
        notice = get_object_or_404(self.rows(), pk=id)
        body = AgainIn(data=self.document())
        body.is_valid(raise_exception=True)
        reason = body.validated_data["reason"]
        send_again(notice.pk, reason=reason, by=self.person, at=self.at)
        return Response(self.shown(self.rows().get(pk=notice.pk)))
