from __future__ import annotations

from config.lib.admin import ReadOnly, display, register
from config.lib.clock import now
from escalations.models import CustomerLetter, Incident
from escalations.selectors.letters import arrival


@register(CustomerLetter)
class CustomerLetterAdmin(ReadOnly):
    list_display = ("created_at", "incident", "name", "subject", "became", "written_by")
    list_select_related = ("incident", "written_by")
    list_filter = ("created_at",)
    search_fields = ("subject", "name")
    ordering = ("-id",)

    @display(description="what became of it")
    def became(self, obj: CustomerLetter) -> str:
        return arrival(obj, now())

    def get_queryset(self, request):
        rows = super().get_queryset(request).real()
        return rows.filter(incident__in=Incident.objects.visible_to(request.user))
