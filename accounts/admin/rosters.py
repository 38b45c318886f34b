"""Duty plans. A version and its layers are not edited: the next version follows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts.models import Layer, LayerPerson, Override, Roster, RosterVersion
from config.lib import clock
from config.lib.admin import Governed, GovernedInline, register


@register(Roster)
class RosterAdmin(Governed):
    list_display = ("name", "code", "team")
    list_filter = ("team",)
    list_select_related = ("team",)
    search_fields = ("name", "code")


class LayerInline(GovernedInline):
    model = Layer
    fields = ("zone", "start_on", "handoff", "unit", "every", "restrict", "position")
    show_change_link = True


@register(RosterVersion)
class RosterVersionAdmin(Governed):
    list_display = ("roster", "number", "effective_from")
    list_filter = ("roster",)
    search_fields = ("roster__name", "roster__code")
    list_select_related = ("roster",)
    inlines = (LayerInline,)

    def is_sealed(self, obj: Any) -> bool:
        return obj.effective_from <= clock.now()


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
        return obj.version.effective_from <= clock.now()


@register(Override)
class OverrideAdmin(Governed):
    """Recorded, then withdrawn if need be: what it said at a time stays known."""

    list_display = ("roster", "user", "start_at", "end_at", "recorded_by", "withdrawn_at")
    list_filter = ("roster",)
    search_fields = ("roster__name", "user__username", "user__last_name")
    list_select_related = ("roster", "user", "recorded_by")
    autocomplete_fields = ("user",)
    fields = ("roster", "user", "start_at", "end_at", "reason", "withdrawn_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("roster", "user", "start_at", "end_at", "reason") if obj else ("withdrawn_at",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.recorded_at, obj.recorded_by = clock.now(), request.user
        super().save_model(request, obj, form, change)
