from __future__ import annotations

from config.lib.admin import ReadOnlyHistory, register
from escalations.models import MaintenanceWindow


@register(MaintenanceWindow)
class MaintenanceWindowAdmin(ReadOnlyHistory):
    list_display = ("reason", "owner", "starts_at", "ends_at", "weekdays", "ended_at")
    list_filter = ("product_area",)
    list_select_related = ("owner",)
    search_fields = ("reason", "source")
    ordering = ("-id",)
