"""KPIs over HTTP: identity, the limits in force, and what each segment is in now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Account, Team
from config.lib.api import CursorPages
from config.lib.api_view import BelayAPIView
from config.lib.errors import DomainError, field_error
from escalations.models import Kpi, KpiState, Threshold
from escalations.rules.policy import Severity
from escalations.rules.thresholds import LEVELS, Direction, KpiStateName, MissingPolicy
from escalations.selectors.kpis import version_at
from escalations.services.kpis import LEVEL_COLUMNS, LIMIT_COLUMNS, change_kpi, create_kpi

PLAIN_LEVELS = tuple(level for level in LEVELS if level != "target")
SEVERITY_WORDS = [severity.name for severity in Severity]


class MayUseKpis(BasePermission):
    rights = {
        "GET": ("escalations.view_kpi",),
        "POST": ("escalations.add_kpi", "escalations.add_threshold"),
        "PATCH": ("escalations.change_kpi", "escalations.add_threshold"),
    }

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return bool(user and user.is_authenticated) and user.has_perms(
            self.rights.get(request.method or "", ())
        )


class FiniteFloat(serializers.FloatField):
    """A number, not true and not "3"; JSON has no infinity."""

    def to_internal_value(self, value: Any) -> float:
        if isinstance(value, bool | str):
            self.fail("invalid")
        try:
            number = super().to_internal_value(value)
        except OverflowError:
            self.fail("invalid")
        if number != number or number in (float("inf"), float("-inf")):
            self.fail("invalid")
        return number


def _limit(text: str = "") -> FiniteFloat:
    return FiniteFloat(required=False, allow_null=True, help_text=text)


class StateOut(serializers.ModelSerializer):
    class Meta:
        model = KpiState
        fields = ("segment", "state", "since_at", "judged_to", "last_at", "last_value")


class KpiSerializer(serializers.Serializer):
    """A one-sided KPI has `warn`, `breach`, ...; a range KPI `_lo` and `_hi` of each.

    Clear levels left out altogether are 10 % of the gap from breach to warn on the good side.
    """

    code = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=160)
    unit = serializers.CharField(max_length=24, required=False, allow_blank=True)
    description = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    product_area = serializers.CharField(max_length=80, required=False, allow_blank=True)
    grain_s = serializers.IntegerField(
        min_value=1, max_value=366 * 86400, required=False, help_text="Seconds between readings."
    )
    direction = serializers.ChoiceField([d.value for d in Direction])
    target_lo = _limit()
    target_hi = _limit()
    warn = _limit("Equal is still good.")
    breach = _limit("Equal is still not a breach.")
    clear_warn = _limit("Equal counts as cleared.")
    clear_breach = _limit("Equal counts as cleared.")
    warn_lo = _limit()
    warn_hi = _limit()
    breach_lo = _limit()
    breach_hi = _limit()
    clear_warn_lo = _limit()
    clear_warn_hi = _limit()
    clear_breach_lo = _limit()
    clear_breach_hi = _limit()
    n = serializers.IntegerField(min_value=1, max_value=100, required=False)
    m = serializers.IntegerField(min_value=1, max_value=100, required=False)
    c = serializers.IntegerField(min_value=1, max_value=100, required=False)
    missing = serializers.ChoiceField([p.value for p in MissingPolicy], required=False)
    lateness_s = serializers.IntegerField(
        min_value=0, max_value=366 * 86400, required=False, allow_null=True
    )
    warn_severity = serializers.ChoiceField(SEVERITY_WORDS, required=False)
    breach_severity = serializers.ChoiceField(SEVERITY_WORDS, required=False)
    revenue_exposed = serializers.DecimalField(
        max_digits=14, decimal_places=2, min_value=0, required=False, allow_null=True
    )
    owner = serializers.SlugRelatedField(
        slug_field="username", queryset=get_user_model().objects, required=False, allow_null=True
    )
    steward = serializers.SlugRelatedField(
        slug_field="username", queryset=get_user_model().objects, required=False, allow_null=True
    )
    remediation_leader = serializers.SlugRelatedField(
        slug_field="username", queryset=get_user_model().objects, required=False, allow_null=True
    )
    team = serializers.SlugRelatedField(
        slug_field="code", queryset=Team.objects, required=False, allow_null=True
    )
    account = serializers.SlugRelatedField(
        slug_field="external_id", queryset=Account.objects, required=False, allow_null=True
    )
    version = serializers.IntegerField(read_only=True, help_text="Of the limits in force.")
    states = serializers.SerializerMethodField()

    @extend_schema_field(StateOut(many=True))
    def get_states(self, kpi: Kpi) -> list[dict[str, Any]]:
        return StateOut(sorted(kpi.states.all(), key=lambda s: s.segment), many=True).data

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
        versions = sorted(kpi.thresholds.all(), key=lambda v: v.effective_from)
        version = version_at(versions, self.context["at"]) if versions else None
        shown: dict[str, Any] = {}
        for name, field in self.fields.items():
            if name == "states":
                shown[name] = self.get_states(kpi)
            elif name == "version":
                shown[name] = version and version.number
            elif name in PLAIN_LEVELS or name in LIMIT_COLUMNS:
                shown[name] = version and _shown(version, name, field)
            else:
                value = getattr(kpi, name)
                is_plain = value is None or not isinstance(field, serializers.SlugRelatedField)
                shown[name] = value if is_plain else getattr(value, field.slug_field)
        return shown


def _shown(version: Threshold, name: str, field: serializers.Field) -> Any:
    is_range = version.direction == Direction.RANGE
    if name in PLAIN_LEVELS:
        side = "lo" if version.direction == Direction.HIGHER else "hi"
        return None if is_range else getattr(version, f"{name}_{side}")
    if name in LEVEL_COLUMNS and not name.startswith("target") and not is_range:
        return None
    value = getattr(version, name)
    if name.endswith("_severity"):
        return Severity(value).name
    return str(value) if name == "revenue_exposed" and value is not None else value


def _limits(sent: dict[str, Any], direction: str) -> dict[str, Any]:
    """The threshold columns among `sent`; plain names go to the side of the direction."""
    limits: dict[str, Any] = {}
    errors = []
    for name in list(sent):
        if name in PLAIN_LEVELS:
            if direction == Direction.RANGE:
                errors.append(name)
            side = "lo" if direction == Direction.HIGHER else "hi"
            limits[f"{name}_{side}"] = sent.pop(name)
        elif name in LIMIT_COLUMNS:
            if direction != Direction.RANGE and name in LEVEL_COLUMNS and "target" not in name:
                if sent[name] is not None:
                    errors.append(name)
            value = sent.pop(name)
            limits.setdefault(name, Severity[value] if name.endswith("_severity") else value)
    if errors:
        raise DomainError(
            "not_used",
            "A range KPI has _lo and _hi of each limit, the others have plain limits.",
            errors=[
                {"field": name, "code": "not_used", "detail": f"Not for direction {direction}."}
                for name in errors
            ],
        )
    return limits


def _kpis():
    return Kpi.objects.select_related(
        "owner", "steward", "remediation_leader", "team", "account"
    ).prefetch_related("thresholds", "states")


class KpisView(BelayAPIView):
    """What is measured, its limits in force, and the state of each segment."""

    permission_classes = [MayUseKpis]
    pagination_class = CursorPages
    ordering_fields = ("code", "name")
    ordering = "code"
    filters = {
        "team": "Team code.",
        "account": "The account's external id.",
        "product_area": "Product area.",
        "state": "A state that one of its segments is in.",
    }

    @extend_schema(
        operation_id="kpis_list", summary="KPIs by code", responses=KpiSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        rows = _kpis()
        for name, lookup in (
            ("team", "team__code"),
            ("account", "account__external_id"),
            ("product_area", "product_area"),
        ):
            if (value := self.parameter(name)) is not None:
                rows = rows.filter(**{lookup: value})
        if (state := self.parameter("state")) is not None:
            if state not in list(KpiStateName):
                raise field_error("state", "unknown_state", f"Use {', '.join(KpiStateName)}.")
            rows = rows.filter(Exists(KpiState.objects.filter(kpi=OuterRef("pk"), state=state)))
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self)
        shown = KpiSerializer(page, many=True, context={"at": self.at}).data
        return pages.get_paginated_response(shown)

    @extend_schema(
        operation_id="kpis_create",
        summary="Make a KPI with its first limits",
        request=KpiSerializer,
        responses={201: KpiSerializer},
    )
    def post(self, request: Request) -> Response:
        asked = KpiSerializer(data=self.document(), context={"at": self.at})
        asked.is_valid(raise_exception=True)
        fields = dict(asked.validated_data)
        limits = _limits(fields, fields["direction"])
        kpi = create_kpi(fields, limits, by=request.user, at=self.at)
        shown = KpiSerializer(_kpis().get(pk=kpi.pk), context={"at": self.at}).data
        return Response(shown, status=201)


class KpiView(BelayAPIView):
    """What is measured, its limits in force, and the state of each segment."""

    permission_classes = [MayUseKpis]

    @extend_schema(
        operation_id="kpis_retrieve", summary="One KPI by its code", responses=KpiSerializer
    )
    def get(self, request: Request, code: str) -> Response:
        kpi = get_object_or_404(_kpis(), code=code)
        return Response(KpiSerializer(kpi, context={"at": self.at}).data)

    @extend_schema(
        operation_id="kpis_change",
        summary="Change what is named; a limit makes a new version of the thresholds",
        request=KpiSerializer(partial=True),
        responses=KpiSerializer,
    )
    def patch(self, request: Request, code: str) -> Response:
        kpi = get_object_or_404(_kpis(), code=code)
        asked = KpiSerializer(data=self.document(), partial=True, context={"at": self.at})
        asked.is_valid(raise_exception=True)
        fields = dict(asked.validated_data)
        versions = sorted(kpi.thresholds.all(), key=lambda v: v.effective_from)
        standing = version_at(versions, self.at).direction if versions else ""
        limits = _limits(fields, fields.get("direction", standing))
        change_kpi(kpi, fields, limits, by=request.user, at=self.at)
        return Response(KpiSerializer(_kpis().get(pk=kpi.pk), context={"at": self.at}).data)
