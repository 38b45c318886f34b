"""Policies and their versions. Only a draft is edited; what was published stays as it was."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from config.lib.admin import Governed, GovernedInline, GovernedStack, display, register
from config.lib.errors import DomainError
from escalations.admin.durations import ClockTargetForm, ClockTargetFormSet, TypedDurations
from escalations.models import (
    Category,
    ClockTarget,
    Example,
    Floor,
    FloorTest,
    Ladder,
    LadderLevel,
    LadderTarget,
    Policy,
    PolicyVersion,
    RoutingRule,
    ScoringFactor,
    SeverityRule,
    SortingRule,
    TaskForceRule,
)
from escalations.rules.durations import exact_duration
from escalations.services.policies import check_version


@register(Policy)
class PolicyAdmin(Governed):
    list_display = ("name", "code", "is_default", "updated_at")
    list_filter = ("is_default",)
    search_fields = ("name", "code")
    readonly_fields = ("approvals_needed",)  # another number is asked for, and others approve it


class SeverityRuleInline(TypedDurations, GovernedInline):
    model = SeverityRule
    verbose_name_plural = "severities"


class ClockTargetInline(TypedDurations, GovernedInline):
    model = ClockTarget
    form = ClockTargetForm
    formset = ClockTargetFormSet


class ScoringFactorInline(GovernedInline):
    model = ScoringFactor
    fields = ("code", "label", "weight", "default_anchor", "anchors", "position")


class FloorTestInline(GovernedInline):
    model = FloorTest


class FloorInline(GovernedInline):
    model = Floor
    fields = ("severity", "all_of", "position")


class CategoryInline(GovernedInline):
    model = Category


class RoutingRuleInline(GovernedInline):
    model = RoutingRule
    fields = ("position", "name", "when", "team", "ladder", "skill", "severity_floor")

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("team")


class SortingRuleInline(GovernedInline):
    model = SortingRule
    fields = ("position", "name", "category", "confidence", "keywords", "fields")


class TaskForceRuleInline(GovernedStack):
    """A card each: a table of so many columns would have to be scrolled."""

    model = TaskForceRule
    verbose_name_plural = "task forces"
    tab = True
    fields = (
        ("position", "name"),
        ("severity_at_least", "tier"),
        ("product_area", "category"),
        "team",
        ("channel_url", "bridge_url"),
        ("meeting", "meeting_every_h"),
        ("meeting_at", "meeting_zone"),
    )

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("team")


class ExampleInline(GovernedInline):
    model = Example
    fields = ("position", "name", "given", "anchors", "rule", "severity", "team", "ladder")


class LadderInline(GovernedInline):
    model = Ladder
    show_change_link = True


STATE_COLOURS = {
    "In force": "success",
    "Draft": "info",
    "In review": "warning",
    "Approved": "info",
    "Scheduled": "warning",
    "Retired": "",
}


def _refusing(form: Any, sentence: str) -> Any:
    """The same form, which says this sentence and is not valid."""

    def clean(self: Any) -> Any:
        self.add_error(None, sentence)
        return form.clean(self)

    return type(form.__name__, (form,), {"clean": clean})


def _lock_version(request: HttpRequest, path: str, key: Any = None, *args: Any) -> None:
    """While a form is stored its version stays what it was looked at as: nobody sends it to review
    in between. `path` leads from the version to what the form is of."""
    if request.method == "POST" and str(key or "").isdecimal():
        list(PolicyVersion.objects.select_for_update(of=("self",)).filter(**{path: key}))


class OfAVersion(TypedDurations, Governed):
    """A part of a version that has a form of its own."""

    version_path = ""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            _lock_version(request, self.version_path, *args)
            return super().changeform_view(request, *args, **kwargs)


@register(PolicyVersion)
class PolicyVersionAdmin(TypedDurations, Governed):
    list_display = (
        "label",
        "policy",
        "state_label",
        "effective_from",
        "published_by",
        "note",
        "apply_link",
    )
    list_filter = ("policy", "state")
    list_select_related = ("policy", "published_by")
    search_fields = ("policy__name", "note")
    ordering = ("policy", "-number")
    fieldsets = (
        (None, {"fields": ("policy", "number", "note", "service_hours")}),
        (
            "Bands and warnings",
            {"fields": ("s1_from_bp", "s2_from_bp", "s3_from_bp", "warn_percents")},
        ),
        ("Confidence", {"fields": ("min_confidence", "category_from")}),
        ("Channels", {"fields": ("agreed_sources",)}),
        (
            "Pages to one person",
            {
                "fields": (
                    "pages_per_minute",
                    "pages_per_quarter",
                    "pages_per_hour",
                    "bundle_every_s",
                    "quiet_from",
                    "quiet_to",
                )
            },
        ),
        (
            "Groups, storms and snoozes",
            {
                "fields": (
                    "group_within_s",
                    "group_at_most_s",
                    "storm_of_one",
                    "storm_overall",
                    "storm_within_s",
                    "storm_calm_s",
                    "snooze_at_most_s",
                    "snooze_margin_percent",
                )
            },
        ),
        (
            "Publication",
            {"fields": ("state", "effective_from", "retired_at", "published_by", "sha256")},
        ),
    )
    # States change by the service that checks and seals the document.
    readonly_fields = ("state", "effective_from", "retired_at", "published_by", "sha256")
    inlines = (
        SeverityRuleInline,
        ClockTargetInline,
        ScoringFactorInline,
        FloorTestInline,
        FloorInline,
        CategoryInline,
        SortingRuleInline,
        RoutingRuleInline,
        TaskForceRuleInline,
        ExampleInline,
        LadderInline,
    )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for warning in check_version(form.instance):
            messages.warning(request, warning)
        for row in (row for formset in formsets for row in formset.forms):
            if isinstance(row, ClockTargetForm) and (told := row.echo()):
                messages.info(request, told)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """A version that contradicts itself is not stored; its form comes back and says why."""
        try:
            with transaction.atomic():
                _lock_version(request, "pk", *args)
                return super().changeform_view(request, *args, **kwargs)
        except DomainError as error:
            request.refused = error.detail  # type: ignore[attr-defined]  # read by get_form
            return super().changeform_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        sentence = getattr(request, "refused", "")
        return _refusing(form, sentence) if sentence else form

    def is_sealed(self, obj: Any) -> bool:
        return obj.state != "draft"

    def is_deletable(self, obj: Any) -> bool:
        return obj.state == "draft"

    @display(description="Version", ordering="number")
    def label(self, obj: PolicyVersion) -> str:
        return f"v{obj.number}"

    @display(description="Open incidents")
    def apply_link(self, obj: PolicyVersion) -> str:
        """Incidents keep the version they began with, unless two people say otherwise."""
        if obj.state != "in_force":
            return ""
        asked = urlencode({"kind": "policy", "policy": f"{obj.policy.code}:{obj.number}"})
        url = f"{reverse('clock-repair-new')}?{asked}"
        return format_html('<a href="{}">Apply to open incidents</a>', url)

    @display(description="State", label=STATE_COLOURS, ordering="state")
    def state_label(self, obj: PolicyVersion) -> str:
        return obj.get_state_display()


class LadderLevelInline(TypedDurations, GovernedInline):
    model = LadderLevel
    show_change_link = True


@register(Ladder)
class LadderAdmin(OfAVersion):
    version_path = "ladders"
    list_display = ("name", "version", "repeat", "on_breach_level")
    list_select_related = ("version",)
    list_filter = ("version__policy",)
    search_fields = ("name", "version__policy__name")
    inlines = (LadderLevelInline,)

    def is_sealed(self, obj: Any) -> bool:
        return obj.version.state != "draft"

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only a draft takes another ladder."""
        if db_field.name == "version":
            kwargs["queryset"] = PolicyVersion.objects.filter(state="draft")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class LadderTargetInline(GovernedInline):
    model = LadderTarget
    fields = ("kind", "ref", "depth", "position")


@register(LadderLevel)
class LadderLevelAdmin(OfAVersion):
    version_path = "ladders__levels"
    list_display = (
        "ladder",
        "number",
        "answer_within",
        "require_acks",
        "channels_min",
        "quiet_hours",
    )
    list_filter = ("ladder__version__policy",)
    search_fields = ("ladder__name",)
    list_select_related = ("ladder",)
    inlines = (LadderTargetInline,)

    @display(description="Time to answer", ordering="ack_timeout_s")
    def answer_within(self, obj: LadderLevel) -> str:
        return exact_duration(obj.ack_timeout_s)

    def is_sealed(self, obj: Any) -> bool:
        return obj.ladder.version.state != "draft"

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only a ladder of a draft takes another level."""
        if db_field.name == "ladder":
            kwargs["queryset"] = Ladder.objects.filter(version__state="draft")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
