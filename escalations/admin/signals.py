from __future__ import annotations

from django.db.models import Q

from config.lib.admin import ReadOnly, register
from escalations.models import Delivery, Incident, Signal


@register(Signal)
class SignalAdmin(ReadOnly):
    list_display = ("title", "source", "incident", "occurrences", "first_at", "ended_at")
    list_filter = ("source", "severity_hint")
    list_select_related = ("incident",)
    search_fields = ("title", "dedup_key")
    ordering = ("-id",)

    def get_queryset(self, request):
        seen = Incident.objects.visible_to(request.user)
        rows = super().get_queryset(request).real()
        return rows.filter(Q(incident=None) | Q(incident__in=seen))


@register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ("key", "source", "status", "received_at", "received_from")
    list_filter = ("status",)
    list_select_related = ("received_from",)
    search_fields = ("key",)
    ordering = ("-id",)
