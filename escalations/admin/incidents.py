"""Incidents as the record has them. They are worked in the queue, never here."""

from __future__ import annotations

from config.lib.admin import ReadOnly, ReadOnlyHistory, ReadOnlyInline, display, register
from escalations.models import Clock, Fact, Incident, Responder


class ResponderInline(ReadOnlyInline):
    model = Responder
    fields = ("role", "user", "assigned_at", "accepted_at", "ended_at")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("user")


class ClockInline(ReadOnlyInline):
    model = Clock
    fields = ("kind", "cycle", "run_state", "outcome", "started_at", "due_at", "breached_at")


@register(Incident)
class IncidentAdmin(ReadOnlyHistory):
    list_display = (
        "key_",
        "severity",
        "title",
        "state",
        "team",
        "commander",
        "next_due_at",
        "has_missed",
    )
    list_filter = ("state", "severity", "kind", "team", "has_missed")
    list_select_related = ("team", "commander")
    search_fields = ("title", "=number", "account__name")
    ordering = ("-number",)
    inlines = (ClockInline, ResponderInline)

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user).real()

    @display(description="Incident", ordering="number")
    def key_(self, obj: Incident) -> str:
        return obj.key


@register(Fact)
class FactAdmin(ReadOnly):
    list_display = ("incident", "name", "value", "source", "at", "received_at")
    list_filter = ("name",)
    list_select_related = ("incident",)
    search_fields = ("name", "source")
    ordering = ("-received_at", "-id")

    def get_queryset(self, request):
        seen = Incident.objects.visible_to(request.user)
        return super().get_queryset(request).filter(incident__in=seen)
