from __future__ import annotations

from config.lib.admin import ReadOnly, register
from escalations.models import Incident, TimelineEvent


@register(TimelineEvent)
class TimelineEventAdmin(ReadOnly):
    list_display = ("at", "incident", "kind", "sentence", "actor", "visibility")
    list_filter = ("visibility", "kind")
    list_select_related = ("incident", "actor")
    search_fields = ("sentence", "reason")
    ordering = ("-id",)

    def get_queryset(self, request):
        seen = Incident.objects.visible_to(request.user)
        return super().get_queryset(request).filter(incident__in=seen)
