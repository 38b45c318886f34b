"""KPIs, their versions of limits, and what was measured."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest

from config.lib import clock
from config.lib.admin import (
    Governed,
    GovernedInline,
    GovernedStack,
    PaginationInlineFormSet,
    ReadOnly,
    ReadOnlyInline,
    display,
    register,
)
from escalations.admin.governed import lock_posted, versions_link
from escalations.models import Kpi, KpiFlip, KpiSource, KpiState, Reading, Threshold
from escalations.services.kpis import mark_reviewed
from escalations.services.threshold_versions import (
    LIMIT_COLUMNS,
    draft_thresholds,
    put_thresholds_in_force,
)


class StateInline(ReadOnlyInline):
    model = KpiState
    fields = ("segment", "state", "since_at", "last_at", "last_value", "is_learning")
    verbose_name_plural = "states now"


class SourceInline(GovernedInline):
    model = KpiSource
    fields = ("name", "system", "description", "is_primary", "tolerance_abs", "tolerance_rel")


class ThresholdInline(ReadOnlyInline):
    model = Threshold
    fields = ("number", "state", "effective_from", "mode", "direction", "n", "m", "c")
    verbose_name_plural = "versions of limits"
    show_change_link = True


LIMITS = (
    "mode",
    "direction",
    ("target_lo", "target_hi"),
    ("warn_lo", "warn_hi"),
    ("breach_lo", "breach_hi"),
    ("clear_warn_lo", "clear_warn_hi"),
    ("clear_breach_lo", "clear_breach_hi"),
    ("warn_k", "breach_k", "resolution"),
    ("n", "m", "c"),
    ("missing", "lateness_s"),
    ("warn_severity", "breach_severity"),
    ("warn_facts", "breach_facts"),
    "revenue_exposed",
)


class FirstLimits(PaginationInlineFormSet):
    """The limits are checked against the unit of the KPI that is made with them."""

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)
        form.instance.kpi = self.instance
        return form


class FirstLimitsInline(GovernedStack):
    """No KPI without limits: the first version is made with it."""

    model = Threshold
    formset = FirstLimits
    fields = LIMITS
    min_num = max_num = 1
    can_delete = False
    verbose_name_plural = "limits"


@register(Kpi)
class KpiAdmin(Governed):
    list_display = (
        "name",
        "code",
        "family",
        "is_critical",
        "unit",
        "owner",
        "team",
        "review_due",
        "is_active",
    )
    list_filter = ("family", "is_critical", "team", "is_active", "product_area")
    list_select_related = ("owner", "team")
    search_fields = ("name", "code", "objective")
    autocomplete_fields = ("owner", "steward", "remediation_leader", "team", "account")
    actions = ("mark_as_reviewed",)
    fieldsets = (
        (None, {"fields": ("name", "code", "objective", ("family", "is_critical", "is_active"))}),
        (
            "What is measured",
            {"fields": ("description", ("unit", "grain_s", "time_zone"), "product_area")},
        ),
        ("Who looks after it", {"fields": ("owner", "steward", "remediation_leader", "team")}),
        ("Whose it is", {"fields": ("account",)}),
        ("Review", {"fields": (("review_every_days", "reviewed_on"),)}),
    )

    @display(description="review due", ordering="reviewed_on")
    def review_due(self, obj: Kpi) -> str:
        return f"{obj.review_due_on:%d %b %Y}" if obj.review_due_on else "never reviewed"

    @admin.action(description="Mark as reviewed today", permissions=["change"])
    def mark_as_reviewed(self, request: HttpRequest, queryset: Any) -> None:
        count = mark_reviewed(queryset, by=request.user, at=clock.now(), reason="Reviewed")
        self.message_user(request, f"{count} KPIs are marked as reviewed today.")

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        if obj is None:
            return (FirstLimitsInline, SourceInline)
        return (SourceInline, ThresholdInline, StateInline)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for row in formset.forms:
            if isinstance(row.instance, Threshold) and not row.instance.number:
                row.instance.number = 1
                row.has_changed = lambda: True  # all defaults is an answer too
        super().save_formset(request, form, formset, change)
        if formset.model is Threshold and not change:
            for version in form.instance.thresholds.filter(state="draft"):
                reason = "The first limits of a KPI."
                put_thresholds_in_force(version, by=request.user, at=clock.now(), reason=reason)


@register(Threshold)
class ThresholdAdmin(Governed):
    """A draft is written here and sent to others for approval; what judged readings is read."""

    list_display = (
        "kpi",
        "number",
        "state",
        "mode",
        "direction",
        "warn_severity",
        "breach_severity",
        "effective_from",
        "revenue_exposed",
        "ask_link",
    )
    list_filter = ("state", "mode", "direction", "breach_severity")
    list_select_related = ("kpi",)
    search_fields = ("kpi__name", "kpi__code")
    autocomplete_fields = ("kpi",)
    stated = ("number", "state", "effective_from", "retired_at", "published_by", "sha256")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("kpi", *(self.stated if obj else ()), *LIMITS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("kpi", *self.stated) if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            limits = {
                name: form.cleaned_data[name] for name in form.cleaned_data if name in LIMIT_COLUMNS
            }
            note = form.cleaned_data["change_reason"]
            made = draft_thresholds(obj.kpi, limits, by=request.user, at=clock.now(), note=note)
            obj.__dict__.update(made.__dict__)
        else:
            super().save_model(request, obj, form, change)
        messages.info(request, "A draft: ask others to approve it on the page of its versions.")

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """While it is stored nobody sends it to review in between."""
        with transaction.atomic():
            lock_posted(request, Threshold, *args)
            return super().changeform_view(request, *args, **kwargs)

    def is_sealed(self, obj: Any) -> bool:
        return obj.state != "draft"

    @display(description="Approval")
    def ask_link(self, obj: Threshold) -> str:
        return versions_link("limits", obj.kpi.code, obj)


@register(Reading)
class ReadingAdmin(ReadOnly):
    list_display = ("kpi", "series", "at", "value", "quality", "revision", "received_at")
    list_filter = ("quality", "series__kpi")
    list_select_related = ("series__kpi",)
    search_fields = ("series__kpi__name", "series__kpi__code", "series__segment")
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
