"""Duty plans. A version and its layers are not edited: the next version follows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import (
    Absence,
    CalendarFeed,
    Layer,
    LayerPerson,
    Override,
    Roster,
    RosterPlan,
    RosterVersion,
    Swap,
)
from accounts.models.strain import STRAIN_FIELDS
from accounts.services.calendar_feeds import revoke
from accounts.services.roster_plans import ensure_first
from config.lib import clock
from config.lib.admin import Governed, GovernedInline, ReadOnly, ReadOnlyHistory, register


@register(Roster)
class RosterAdmin(Governed):
    list_display = ("name", "code", "team", "owner")
    list_filter = ("team",)
    list_select_related = ("team", "owner")
    search_fields = ("name", "code")
    autocomplete_fields = ("owner",)
    fieldsets = (
        (None, {"fields": ("name", "code", "team", "owner", "by_request")}),
        (
            "Strain",
            {
                "fields": STRAIN_FIELDS,
                "description": "What counts as too much. The score reaches full weight at each.",
            },
        ),
    )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.by_request:
            ensure_first(obj, clock.now())


class LayerInline(GovernedInline):
    model = Layer
    fields = ("zone", "start_on", "handoff", "unit", "every", "restrict", "position")
    show_change_link = True


@register(RosterPlan)
class RosterPlanAdmin(ReadOnlyHistory):
    """The rules of a roster as others approved them. The editor of the roster writes them."""

    list_display = ("roster", "number", "state", "effective_from", "retired_at", "note")
    list_select_related = ("roster",)
    list_filter = ("state", "roster")
    search_fields = ("roster__name", "roster__code", "note")
    ordering = ("-id",)


@register(RosterVersion)
class RosterVersionAdmin(Governed):
    list_display = ("roster", "number", "effective_from", "recorded_by", "withdrawn_at")
    fields = ("roster", "number", "effective_from", "fallback", "accepts_gaps", "withdrawn_at")
    autocomplete_fields = ("fallback",)
    list_filter = ("roster",)
    search_fields = ("roster__name", "roster__code")
    list_select_related = ("roster", "recorded_by")
    inlines = (LayerInline,)

    def is_sealed(self, obj: Any) -> bool:
        return obj.effective_from <= clock.now() or obj.roster.by_request

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "roster":  # the others' rules change by request
            kwargs["queryset"] = Roster.objects.filter(by_request=False)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.recorded_at, obj.recorded_by = clock.now(), request.user
        super().save_model(request, obj, form, change)


class LayerPersonInline(GovernedInline):
    model = LayerPerson
    fields = ("user", "position")
    autocomplete_fields = ("user",)


@register(Layer)
class LayerAdmin(Governed):
    list_display = ("version", "position", "zone", "unit", "every")
    list_filter = ("unit", "version__roster")
    search_fields = ("version__roster__name", "version__roster__code")
    list_select_related = ("version",)
    inlines = (LayerPersonInline,)

    def is_sealed(self, obj: Any) -> bool:
        return obj.version.effective_from <= clock.now() or obj.version.roster.by_request

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "version":
            kwargs["queryset"] = RosterVersion.objects.filter(roster__by_request=False)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@register(Override)
class OverrideAdmin(Governed):
    """Recorded, then withdrawn if need be: what it said at a time stays known."""

    list_display = ("roster", "user", "start_at", "end_at", "recorded_by", "withdrawn_at")
    list_filter = ("roster",)
    search_fields = ("roster__name", "user__username", "user__last_name")
    list_select_related = ("roster", "user", "recorded_by")
    autocomplete_fields = ("user",)
    fields = ("roster", "user", "start_at", "end_at", "reason", "withdrawn_at")

    def is_sealed(self, obj: Any) -> bool:
        return obj.swap_id is not None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("roster", "user", "start_at", "end_at", "reason") if obj else ("withdrawn_at",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.recorded_at, obj.recorded_by = clock.now(), request.user
        super().save_model(request, obj, form, change)


@register(Absence)
class AbsenceAdmin(Governed):
    """Recorded, then withdrawn if need be, as overrides are."""

    list_display = ("user", "start_at", "end_at", "recorded_by", "withdrawn_at")
    list_filter = ("start_at", "withdrawn_at")
    search_fields = ("user__username", "user__last_name", "reason")
    list_select_related = ("user", "recorded_by")
    autocomplete_fields = ("user",)
    fields = ("user", "start_at", "end_at", "reason", "withdrawn_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("user", "start_at", "end_at", "reason") if obj else ("withdrawn_at",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.recorded_at, obj.recorded_by = clock.now(), request.user
        super().save_model(request, obj, form, change)


@register(Swap)
class SwapAdmin(ReadOnlyHistory):
    """Asked and answered on the roster's page."""

    list_display = ("roster", "asked_by", "partner", "state", "asked_at")
    list_filter = ("state", "roster")
    search_fields = ("asked_by__username", "partner__username")
    list_select_related = ("roster", "asked_by", "partner")


@register(CalendarFeed)
class CalendarFeedAdmin(ReadOnly):
    """Whose calendars are read where. Addresses are not kept, so none shows."""

    list_display = ("user", "roster", "made_at", "revoked_at")
    list_filter = ("roster", "revoked_at")
    search_fields = ("user__username", "user__last_name", "roster__name")
    list_select_related = ("user", "roster")
    fields = ("user", "roster", "made_at", "revoked_at")
    actions = ("revoke_them",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_calendarfeed")

    @admin.action(description="Revoke the address", permissions=["revoke"])
    def revoke_them(self, request: HttpRequest, queryset: Any) -> None:
        revoked = [feed for feed in queryset if revoke(feed, at=clock.now())]
        for feed in revoked:
            self.log_change(request, feed, "Revoked the address")
        self.message_user(request, f"{len(revoked)} addresses no longer work.")
