"""Readings over HTTP: a list in at once, pages out."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.lib.api import CursorPages
from config.lib.errors import DomainError, field_error
from escalations.api.bodies import source_field
from escalations.api.intake import IntakeView
from escalations.models import Reading
from escalations.models.kpis import Quality
from escalations.services.readings import Status, take_in

MOST_ROWS = 10_000
RIGHTS = {
    "GET": ["escalations.view_reading"],
    "POST": ["escalations.send_signals", "escalations.add_reading"],
}


class MayUseReadings(BasePermission):
    """Sending needs the right to send signals or to add readings; reading the right to see."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        rights = RIGHTS.get(request.method or "", ())
        return bool(user and user.is_authenticated) and (
            not rights or any(user.has_perm(right) for right in rights)
        )


class ReadingIn(serializers.Serializer):
    """Documents a row; rows are checked by `escalations.rules.reading_rows`."""

    kpi = serializers.CharField(max_length=60, help_text="Code of the KPI.")
    at = serializers.DateTimeField(help_text="ISO 8601 with an offset.")
    value = serializers.FloatField()
    segment = serializers.CharField(max_length=120, required=False, allow_blank=True)
    channel = serializers.CharField(max_length=80, required=False, allow_blank=True)
    source = source_field(max_length=80, required=False, allow_blank=True)
    period_end = serializers.DateTimeField(required=False, allow_null=True)
    correction = serializers.BooleanField(
        required=False, help_text="Replaces the stored value; without it a second value is suspect."
    )


class ReadingOut(serializers.ModelSerializer):
    kpi = serializers.CharField(source="kpi_code")
    segment = serializers.CharField(source="series_segment")
    channel = serializers.CharField(source="series_channel")
    source = source_field(source="series_source")

    class Meta:
        model = Reading
        fields = (
            "id",
            "kpi",
            "segment",
            "channel",
            "source",
            "at",
            "value",
            "revision",
            "quality",
            "period_end",
            "received_at",
        )


_RESULT = inline_serializer(
    "ReadingResult",
    {
        "row": serializers.IntegerField(help_text="Counts from 0."),
        "status": serializers.ChoiceField([status.value for status in Status]),
    },
    many=True,
)
RESULTS = inline_serializer(
    "ReadingResults",
    {"results": _RESULT, **{status.value: serializers.IntegerField() for status in Status}},
)


class ReadingPages(CursorPages):
    default_size, max_size = 100, 1000


class ReadingsView(IntakeView):
    """A second value for a point is `suspect` and freezes the KPI until `correction: true`."""

    permission_classes = [MayUseReadings]
    pagination_class = ReadingPages
    ordering_fields = ("at", "received_at")
    ordering = "-at"
    filters = {
        "kpi": "KPI code.",
        "segment": "Segment; empty is the KPI as a whole.",
        "channel": "Channel.",
        "source": "Who sent it.",
        "quality": "valid, suspect or replaced.",
        "from": "At or after this time, with its offset.",
        "to": "Before this time, with its offset.",
    }

    @extend_schema(
        operation_id="readings_send",
        summary="Send one reading, or a list of up to 10,000: all are stored or none",
        request=PolymorphicProxySerializer(
            component_name="ReadingOrList",
            serializers=[ReadingIn, ReadingIn(many=True)],
            resource_type_field_name=None,
            many=False,
        ),
        responses={200: RESULTS},
    )
    def post(self, request: Request) -> Response:
        self.pay()
        rows = request.data if isinstance(request.data, list) else [request.data]
        if len(rows) > MOST_ROWS:
            raise DomainError("too_many_rows", f"Send at most {MOST_ROWS:,} readings at once.")
        statuses = take_in(rows, by=self.person, at=self.at)
        counts = dict.fromkeys((status.value for status in Status), 0)
        for status in statuses:
            counts[status.value] += 1
        results = [{"row": row, "status": status.value} for row, status in enumerate(statuses)]
        return Response({"results": results, **counts})

    @extend_schema(
        operation_id="readings_list",
        summary="Readings, newest first",
        responses=ReadingOut(many=True),
    )
    def get(self, request: Request) -> Response:
        rows = Reading.objects.annotate(
            kpi_code=F("series__kpi__code"),
            series_segment=F("series__segment"),
            series_channel=F("series__channel"),
            series_source=F("series__source"),
        )
        for name, lookup in (
            ("kpi", "series__kpi__code"),
            ("segment", "series__segment"),
            ("channel", "series__channel"),
            ("source", "series__source"),
            ("quality", "quality"),
        ):
            if (value := self.parameter(name)) is not None:
                if name == "quality" and value not in Quality.values:
                    raise field_error(name, "unknown_quality", f"Use {', '.join(Quality.values)}.")
                rows = rows.filter(**{lookup: value})
        for name, lookup in (("from", "at__gte"), ("to", "at__lt")):
            if (value := self.parameter(name)) is not None:
                rows = rows.filter(**{lookup: _time(name, value)})
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(ReadingOut(page, many=True).data)


def _time(name: str, value: str) -> datetime:
    try:
        # A plus sign in a query string arrives as a space.
        when = datetime.fromisoformat(value.strip().replace(" ", "+") if "T" in value else value)
    except ValueError:
        raise field_error(name, "not_a_time", "Give a time like 2026-01-31T14:00:00Z.") from None
    if when.tzinfo is None:
        raise field_error(name, "naive_time", "Give the offset too: Z or +01:00.")
    return when
