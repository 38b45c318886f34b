"""Versions of limits over HTTP: how they are written, shown and listed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api import CursorPages
from config.lib.api_view import BelayAPIView
from config.lib.errors import DomainError, NotAllowed
from config.lib.sensitive import REVENUE
from config.lib.versions import VersionState
from escalations.api.bodies import FactsIn
from escalations.api.rights import MayUseKpis
from escalations.models import Kpi, Threshold
from escalations.rules.facts import ARR_AT_RISK
from escalations.rules.policy import Severity
from escalations.rules.thresholds import LEVELS, Direction, MissingPolicy, Mode
from escalations.selectors.kpis import judging, version_at
from escalations.services.threshold_versions import LEVEL_COLUMNS, LIMIT_COLUMNS

PLAIN_LEVELS = tuple(level for level in LEVELS if level != "target")
SEVERITY_WORDS = [severity.name for severity in Severity]
FACTS = ("warn_facts", "breach_facts")


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


class LimitsSerializer(serializers.Serializer):
    """A one-sided KPI has `warn`, `breach`, ...; a range KPI `_lo` and `_hi` of each.

    Clear levels left out altogether are 10 % of the gap from breach to warn on the good side.
    Revenue is shown to, and taken from, those with the right to see it.
    """

    mode = serializers.ChoiceField(
        [mode.value for mode in Mode],
        required=False,
        help_text="Static limits, limits learned from earlier weeks, or the worse of both.",
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
    warn_k = FiniteFloat(required=False, help_text="Learned: spreads from the median.")
    breach_k = FiniteFloat(required=False, help_text="Learned: more than warn_k.")
    resolution = FiniteFloat(required=False, help_text="Learned: no spread is taken as less.")
    n = serializers.IntegerField(min_value=1, max_value=100, required=False)
    m = serializers.IntegerField(min_value=1, max_value=100, required=False)
    c = serializers.IntegerField(min_value=1, max_value=100, required=False)
    missing = serializers.ChoiceField([p.value for p in MissingPolicy], required=False)
    lateness_s = serializers.IntegerField(
        min_value=0, max_value=366 * 86400, required=False, allow_null=True
    )
    warn_severity = serializers.ChoiceField(SEVERITY_WORDS, required=False)
    breach_severity = serializers.ChoiceField(SEVERITY_WORDS, required=False)
    warn_facts = FactsIn(required=False, help_text="What an incident knows from warn on.")
    breach_facts = FactsIn(required=False, help_text="What an incident knows from breach on.")
    revenue_exposed = serializers.DecimalField(
        max_digits=14, decimal_places=2, min_value=0, required=False, allow_null=True
    )


class VersionSerializer(LimitsSerializer):
    """One version as it was, is or will be."""

    number = serializers.IntegerField()
    state = serializers.ChoiceField(VersionState.choices)
    effective_from = serializers.DateTimeField(allow_null=True)
    is_in_force = serializers.SerializerMethodField()

    def get_is_in_force(self, version: Threshold) -> bool:
        return version.pk == self.context["in_force"]

    def to_representation(self, version: Threshold) -> dict[str, Any]:
        shown = {
            "number": version.number,
            "state": version.state,
            "effective_from": version.effective_from
            and serializers.DateTimeField().to_representation(version.effective_from),
            "is_in_force": self.get_is_in_force(version),
        }
        return shown | shown_limits(version, self.context["user"])


def shown_limits(version: Threshold | None, user: Any) -> dict[str, Any]:
    """Every limit by the name people type; revenue only for those who may see it."""
    may_see = user.has_perm(REVENUE)
    shown: dict[str, Any] = {}
    for name in LimitsSerializer._declared_fields:
        if name == "revenue_exposed" and not may_see:
            continue
        shown[name] = None if version is None else _shown(version, name)
        if name in FACTS and shown[name] and not may_see:
            shown[name] = {k: v for k, v in shown[name].items() if k != ARR_AT_RISK}
    return shown


def _shown(version: Threshold, name: str) -> Any:
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


def refuse_revenue(sent: dict[str, Any], user: Any, *, is_new: bool) -> None:
    """Revenue is set, and cleared, only by those who may see it."""
    if user.has_perm(REVENUE):
        return
    named = [name for name in FACTS if (sent.get(name) or {}).get(ARR_AT_RISK) is not None]
    if "revenue_exposed" in sent and not (is_new and sent["revenue_exposed"] is None):
        named.append("revenue_exposed")
    if named:
        raise NotAllowed(
            "missing_right",
            "Revenue is set only by people who may see it.",
            errors=[
                {"field": name, "code": "missing_right", "detail": "Leave it out."}
                for name in named
            ],
        )


def taken_limits(
    sent: dict[str, Any], direction: str, *, standing: Threshold | None = None
) -> dict[str, Any]:
    """The threshold columns among `sent`, taken out of it; plain names go to the direction's side.

    Facts replace those of `standing`, but for its revenue where none is named: who may not see
    it must not lose it.
    """
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
            if name in FACTS:
                value = _plain_facts(value, getattr(standing, name, {}))
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


def _plain_facts(said: dict[str, Any], standing: dict[str, Any]) -> dict[str, Any]:
    facts = {name: str(v) if isinstance(v, Decimal) else v for name, v in said.items()}
    if ARR_AT_RISK not in facts and ARR_AT_RISK in standing:
        facts[ARR_AT_RISK] = standing[ARR_AT_RISK]
    return {name: value for name, value in facts.items() if value is not None}


class ThresholdsView(BelayAPIView):
    """Every version of a KPI's limits, the newest first."""

    permission_classes = [MayUseKpis]
    pagination_class = CursorPages
    ordering_fields = ("number", "effective_from")
    ordering = "-number"

    @extend_schema(
        operation_id="kpis_thresholds",
        summary="Versions of the limits of a KPI",
        responses=VersionSerializer(many=True),
    )
    def get(self, request: Request, code: str) -> Response:
        kpi = get_object_or_404(Kpi.objects.prefetch_related("thresholds"), code=code)
        versions = judging(kpi.thresholds.all())
        in_force = version_at(versions, self.at).pk if versions else None
        pages = self.pagination_class()
        page = pages.paginate_queryset(Threshold.objects.filter(kpi=kpi), request, view=self)
        context = {"user": request.user, "in_force": in_force}
        return pages.get_paginated_response(
            VersionSerializer(page, many=True, context=context).data
        )
