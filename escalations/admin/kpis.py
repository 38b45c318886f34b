"""KPIs, their versions of limits, and what was measured."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from simple_history.utils import update_change_reason

from config.lib import clock
from config.lib.admin import Governed, GovernedStack, ReadOnly, ReadOnlyInline, display, register
from escalations.models import Kpi, KpiFlip, KpiState, Reading, Threshold
from escalations.services.kpis import LIMIT_COLUMNS, change_thresholds


class StateInline(ReadOnlyInline):
    model = KpiState
    fields = ("segment", "state", "since_at", "last_at", "last_value")
    verbose_name_plural = "states now"


class ThresholdInline(ReadOnlyInline):
    model = Threshold
    fields = ("number", "effective_from", "direction", "n", "m", "c")
    verbose_name_plural = "versions of limits"
    show_change_link = True


LIMITS = (
    "direction",
    ("target_lo", "target_hi"),
    ("warn_lo", "warn_hi"),
    ("breach_lo", "breach_hi"),
    ("clear_warn_lo", "clear_warn_hi"),
    ("clear_breach_lo", "clear_breach_hi"),
    ("n", "m", "c"),
    ("missing", "lateness_s"),
    ("warn_severity", "breach_severity"),
    "revenue_exposed",
)


class FirstLimitsInline(GovernedStack):
    """No KPI without limits: the first version is made with it."""

    model = Threshold
    fields = LIMITS
    min_num = max_num = 1
    can_delete = False
    verbose_name_plural = "limits"


@register(Kpi)
class KpiAdmin(Governed):
    list_display = ("name", "code", "unit", "product_area", "owner", "team", "is_active")
    list_filter = ("is_active", "team", "product_area")
    list_select_related = ("owner", "team")
    search_fields = ("name", "code")
    autocomplete_fields = ("owner", "steward", "remediation_leader", "team", "account")

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return (ThresholdInline, StateInline) if obj else (FirstLimitsInline,)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for row in formset.forms:
            if isinstance(row.instance, Threshold) and not row.instance.number:
                row.instance.number, row.instance.effective_from = 1, clock.now()
                row.has_changed = lambda: True  # all defaults is an answer too
        super().save_formset(request, form, formset, change)


@register(Threshold)
class ThresholdAdmin(Governed):
    """A version in force has judged readings: it is read, and the next one is added."""

    list_display = ("kpi", "number", "direction", "effective_from", "revenue_exposed")
    list_filter = ("direction",)
    list_select_related = ("kpi",)
    search_fields = ("kpi__name", "kpi__code")
    autocomplete_fields = ("kpi",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("kpi", *(("number", "effective_from") if obj else ()), *LIMITS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("kpi", "number", "effective_from") if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        limits = {
            name: form.cleaned_data[name] for name in form.cleaned_data if name in LIMIT_COLUMNS
        }
        made = change_thresholds(obj.kpi, limits, by=request.user, at=clock.now())
        update_change_reason(made, form.cleaned_data["change_reason"])
        obj.__dict__.update(made.__dict__)

    def is_sealed(self, obj: Any) -> bool:
        return obj.effective_from <= clock.now()


@register(Reading)
class ReadingAdmin(ReadOnly):
    list_display = ("kpi", "series", "at", "value", "quality", "revision", "received_at")
    list_filter = ("quality",)
    list_select_related = ("series__kpi",)
    ordering = ("-id",)

    @display(description="KPI")
    def kpi(self, obj: Reading) -> str:
        return str(obj.series.kpi)


@register(KpiFlip)
class KpiFlipAdmin(ReadOnly):
    list_display = ("kpi", "segment", "at", "from_state", "to_state", "value", "is_late")
    list_filter = ("to_state", "is_late")
    list_select_related = ("kpi",)
    search_fields = ("kpi__name", "kpi__code", "segment")
    ordering = ("-at", "-id")
