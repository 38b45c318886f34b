from __future__ import annotations

from django.db.models import Q

from config.lib.admin import ReadOnly, register
from escalations.models import Incident, Notice


@register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = ("created_at", "kind", "recipient", "subject", "sent_at", "failed_at")
    list_filter = ("kind", "channel")
    list_select_related = ("recipient",)
    search_fields = ("subject", "address")
    ordering = ("-id",)

    def get_queryset(self, request):
        seen = Incident.objects.visible_to(request.user)
        rows = super().get_queryset(request).real()
        return rows.filter(Q(incident=None) | Q(incident__in=seen))
