from __future__ import annotations

from config.lib.admin import ReadOnly, ReadOnlyInline, register
from escalations.models import Incident, LadderRun, LadderStep, Storm


class StepInline(ReadOnlyInline):
    model = LadderStep
    fields = ("seq", "kind", "cycle", "level", "person", "channel", "due_at", "at", "reason")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("person")


@register(LadderRun)
class LadderRunAdmin(ReadOnly):
    list_display = ("incident", "ladder", "state", "level", "pages_total", "next_step_at")
    list_filter = ("state", "ladder")
    list_select_related = ("incident",)
    search_fields = ("incident__title",)
    ordering = ("-id",)
    inlines = (StepInline,)

    def get_queryset(self, request):
        seen = Incident.objects.visible_to(request.user)
        return super().get_queryset(request).real().filter(incident__in=seen)


@register(Storm)
class StormAdmin(ReadOnly):
    list_display = ("dimension", "parent", "started_at", "ended_at", "suppressed")
    list_filter = ("ended_at",)
    list_select_related = ("parent",)
    search_fields = ("dimension",)
    ordering = ("-id",)

    def get_queryset(self, request):
        seen = Incident.objects.visible_to(request.user)
        return super().get_queryset(request).real().filter(parent__in=seen)
