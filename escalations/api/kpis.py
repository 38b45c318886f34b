"""KPIs over HTTP: identity, sources, the limits in force, and what each segment is in now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Account, Team
from config.lib.api import CursorPages
from config.lib.api_view import BelayAPIView
from config.lib.errors import DomainError, field_error
from escalations.api.bodies import StrictSerializer
from escalations.api.rights import MayUseKpis
from escalations.api.thresholds import (
    FiniteFloat,
    LimitsSerializer,
    refuse_revenue,
    shown_limits,
    taken_limits,
)
from escalations.models import Kpi, KpiSource, KpiState, Series
from escalations.models.kpis import Family
from escalations.rules.thresholds import KpiStateName
from escalations.selectors.kpis import judging, version_at
from escalations.services.kpis import change_kpi, create_kpi


class StateOut(serializers.ModelSerializer):
    class Meta:
        model = KpiState
        fields = (
            "segment",
            "state",
            "since_at",
            "judged_to",
            "last_at",
            "last_value",
            "is_learning",
        )


class SourceSerializer(StrictSerializer):
    """Where the KPI is measured. The tolerances: how far two sources may differ."""

    name = serializers.CharField(max_length=80, help_text="As readings name their source.")
    system = serializers.CharField(max_length=120, required=False, allow_blank=True)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    is_primary = serializers.BooleanField(required=False)
    tolerance_abs = FiniteFloat(required=False, allow_null=True, min_value=0)
    tolerance_rel = FiniteFloat(required=False, allow_null=True, min_value=0, max_value=1)


def _person() -> serializers.SlugRelatedField:
    return serializers.SlugRelatedField(
        slug_field="username", queryset=get_user_model().objects, required=False, allow_null=True
    )


class KpiSerializer(LimitsSerializer):
    """A KPI with the limits in force. `sources` sent replace all sources."""

    code = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=160)
    objective = serializers.CharField(
        max_length=300, required=False, allow_blank=True, help_text="In a sentence."
    )
    family = serializers.ChoiceField(Family.choices, required=False, allow_blank=True)
    unit = serializers.CharField(max_length=24, required=False, allow_blank=True)
    description = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    product_area = serializers.CharField(max_length=80, required=False, allow_blank=True)
    grain_s = serializers.IntegerField(
        min_value=1, max_value=366 * 86400, required=False, help_text="Seconds between readings."
    )
    time_zone = serializers.CharField(
        max_length=64, required=False, help_text="Hours and days are counted here."
    )
    is_critical = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)
    review_every_days = serializers.IntegerField(min_value=1, max_value=3660, required=False)
    reviewed_on = serializers.DateField(required=False, allow_null=True)
    review_due_on = serializers.DateField(read_only=True, allow_null=True)
    owner = _person()
    steward = _person()
    remediation_leader = _person()
    team = serializers.SlugRelatedField(
        slug_field="code", queryset=Team.objects, required=False, allow_null=True
    )
    account = serializers.SlugRelatedField(
        slug_field="external_id", queryset=Account.objects, required=False, allow_null=True
    )
    sources = SourceSerializer(many=True, required=False)
    reason = serializers.CharField(
        max_length=1000,
        required=False,
        write_only=True,
        help_text="Why the limits of a KPI in use change: others approve them.",
    )
    change_request = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="The request that these limits wait for."
    )
    version = serializers.IntegerField(read_only=True, help_text="Of the limits in force.")
    states = serializers.SerializerMethodField()

    below_limits = ("version", "sources", "states", "reason", "change_request")

    @extend_schema_field(StateOut(many=True))
    def get_states(self, kpi: Kpi) -> list[dict[str, Any]]:
        rows = sorted(kpi.states.all(), key=lambda state: state.segment)
        return [dict(row) for row in StateOut(rows, many=True).data]

    def to_internal_value(self, sent: Any) -> dict[str, Any]:
        if isinstance(sent, Mapping):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            if unknown := sorted(str(name)[:80] for name in sent.keys() - writable):
                raise DomainError(
                    "unknown_field",
                    f"A KPI has no field {unknown[0]!r} to write.",
                    errors=[
                        {"field": name, "code": "unknown_field", "detail": "Leave it out."}
                        for name in unknown
                    ],
                )
        return super().to_internal_value(sent)

    def to_representation(self, kpi: Kpi) -> dict[str, Any]:
        versions = judging(kpi.thresholds.all())
        version = version_at(versions, self.context["at"]) if versions else None
        shown: dict[str, Any] = {}
        for name, field in self.fields.items():
            if name not in LimitsSerializer._declared_fields and name not in self.below_limits:
                value = getattr(kpi, name)
                shown[name] = None if value is None else field.to_representation(value)
        sources = sorted(kpi.sources.all(), key=lambda source: source.name)
        return {
            **shown,
            **shown_limits(version, self.context["user"]),
            "version": version and version.number,
            "change_request": self.context.get("change_request"),
            "sources": [dict(row) for row in SourceSerializer(sources, many=True).data],
            "states": self.get_states(kpi),
        }


def _kpis() -> QuerySet[Kpi]:
    return Kpi.objects.select_related(
        "owner", "steward", "remediation_leader", "team", "account"
    ).prefetch_related("thresholds", "states", "sources")


class KpisView(BelayAPIView):
    """What is measured, its limits in force, and the state of each segment."""

    permission_classes = [MayUseKpis]
    pagination_class = CursorPages
    ordering_fields = (
        "code",
        "name",
        "family",
        "product_area",
        "is_critical",
        "reviewed_on",
        "grain_s",
    )
    ordering = "code"
    lookups = {
        "team": ("Team code.", "team__code"),
        "account": ("The account's external id.", "account__external_id"),
        "product_area": ("Product area.", "product_area"),
        "family": (f"One of {', '.join(Family.values)}.", "family"),
        "objective": ("Part of the business objective.", "objective__icontains"),
        "owner": ("The owner's user name.", "owner__username"),
        "critical": ("true or false.", "is_critical"),
        "active": ("true or false.", "is_active"),
    }
    filters = {
        **{name: sentence for name, (sentence, _) in lookups.items()},
        "state": "A state that one of its segments is in.",
        "source": "A source it declares, or that sent readings of it.",
        "q": "Words in its code, name, objective or description.",
    }

    @extend_schema(
        operation_id="kpis_list", summary="KPIs by code", responses=KpiSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        rows = self._filtered(_kpis())
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self)
        context = {"at": self.at, "user": request.user}
        shown = KpiSerializer(page, many=True, context=context).data
        return pages.get_paginated_response(shown)

    def _filtered(self, rows: QuerySet[Kpi]) -> QuerySet[Kpi]:
        for name, (_, lookup) in self.lookups.items():
            if (value := self.parameter(name)) is not None:
                rows = rows.filter(**{lookup: _checked(name, value)})
        if (state := self.parameter("state")) is not None:
            if state not in list(KpiStateName):
                raise field_error("state", "unknown_state", f"Use {', '.join(KpiStateName)}.")
            rows = rows.filter(Exists(KpiState.objects.filter(kpi=OuterRef("pk"), state=state)))
        if (source := self.parameter("source")) is not None:
            declared = KpiSource.objects.filter(kpi=OuterRef("pk"), name=source)
            sent = Series.objects.filter(kpi=OuterRef("pk"), source=source)
            rows = rows.filter(Exists(declared) | Exists(sent))
        for word in (self.parameter("q") or "").split()[:10]:
            places = ("code", "name", "objective", "description")
            found = Q()
            for place in places:
                found |= Q(**{f"{place}__icontains": word})
            rows = rows.filter(found)
        return rows

    @extend_schema(
        operation_id="kpis_create",
        summary="Make a KPI with its first limits",
        request=KpiSerializer,
        responses={201: KpiSerializer},
    )
    def post(self, request: Request) -> Response:
        context = {"at": self.at, "user": request.user}
        asked = KpiSerializer(data=self.document(), context=context)
        asked.is_valid(raise_exception=True)
        fields = dict(asked.validated_data)
        refuse_revenue(fields, request.user, is_new=True)
        sources = fields.pop("sources", [])
        fields.pop("reason", None)
        limits = taken_limits(fields, fields["direction"])
        kpi = create_kpi(fields, limits, by=request.user, at=self.at, sources=sources)
        shown = KpiSerializer(_kpis().get(pk=kpi.pk), context=context).data
        return Response(shown, status=201)


def _checked(name: str, value: str) -> str | bool:
    if name in ("critical", "active"):
        if value not in ("true", "false"):
            raise field_error(name, "not_a_boolean", "Use true or false.")
        return value == "true"
    if name == "family" and value not in Family.values:
        raise field_error(name, "unknown_family", f"Use {', '.join(Family.values)}.")
    return value


class KpiView(BelayAPIView):
    """What is measured, its limits in force, and the state of each segment."""

    permission_classes = [MayUseKpis]

    @extend_schema(
        operation_id="kpis_retrieve", summary="One KPI by its code", responses=KpiSerializer
    )
    def get(self, request: Request, code: str) -> Response:
        kpi = get_object_or_404(_kpis(), code=code)
        return Response(KpiSerializer(kpi, context={"at": self.at, "user": request.user}).data)

    @extend_schema(
        operation_id="kpis_change",
        summary="Change what is named; limits become a draft that others are asked to approve",
        request=KpiSerializer(partial=True),
        responses=KpiSerializer,
    )
    def patch(self, request: Request, code: str) -> Response:
        kpi = get_object_or_404(_kpis(), code=code)
        context: dict[str, Any] = {"at": self.at, "user": request.user}
        asked = KpiSerializer(data=self.document(), partial=True, context=context)
        asked.is_valid(raise_exception=True)
        fields = dict(asked.validated_data)
        refuse_revenue(fields, request.user, is_new=False)
        sources, reason = fields.pop("sources", None), fields.pop("reason", "")
        versions = judging(kpi.thresholds.all())
        standing = version_at(versions, self.at) if versions else None
        direction = fields.get("direction", standing.direction if standing else "")
        limits = taken_limits(fields, direction, standing=standing)
        asked_for = change_kpi(
            kpi, fields, limits, sources=sources, reason=reason, by=self.person, at=self.at
        )
        context |= {"change_request": asked_for.pk if asked_for else None}
        return Response(KpiSerializer(_kpis().get(pk=kpi.pk), context=context).data)
