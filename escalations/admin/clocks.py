"""Clocks with their ledger and what they said."""

from __future__ import annotations

from django.db.models import Q

from config.lib.admin import ReadOnly, ReadOnlyInline, register
from escalations.models import Clock, ClockEvent, ClockMark, ClockRepair, Incident, RepairAnswer


class EventInline(ReadOnlyInline):
    model = ClockEvent
    fields = ("seq", "at", "type", "reason", "actor")
    verbose_name_plural = "ledger"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("actor")


class MarkInline(ReadOnlyInline):
    model = ClockMark
    fields = ("kind", "percent", "due_at", "recorded_at", "late_by_s", "cause", "cause_note")


@register(Clock)
class ClockAdmin(ReadOnly):
    list_display = ("incident", "kind", "run_state", "outcome", "due_at", "breached_at")
    list_filter = ("kind", "run_state", "outcome")
    list_select_related = ("incident",)
    search_fields = ("incident__title",)
    ordering = ("-id",)
    inlines = (EventInline, MarkInline)

    def get_queryset(self, request):
        seen = Incident.objects.visible_to(request.user)
        return super().get_queryset(request).real().filter(incident__in=seen)


class RepairAnswerInline(ReadOnlyInline):
    model = RepairAnswer
    fields = ("incident", "is_moved", "why", "at")
    verbose_name_plural = "answers"

    def get_queryset(self, request):
        seen = Incident.objects.visible_to(request.user)
        return super().get_queryset(request).filter(incident__in=seen).select_related("incident")


@register(ClockRepair)
class ClockRepairAdmin(ReadOnly):
    """What would change, or changed, stands in `rows`; it is proposed and applied over the API."""

    list_display = ("kind", "asked_by", "asked_at", "applied_by", "applied_at", "dropped_at")
    list_filter = ("kind",)
    list_select_related = ("asked_by", "applied_by")
    search_fields = ("reason",)
    ordering = ("-id",)
    inlines = (RepairAnswerInline,)

    def get_queryset(self, request):
        seen = Incident.objects.visible_to(request.user)
        rows = super().get_queryset(request)
        return rows.filter(Q(clock=None) | Q(clock__incident__in=seen))
