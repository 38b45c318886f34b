"""When a playbook is proposed."""

from __future__ import annotations

from config.lib.admin import Governed, register
from escalations.models import PlaybookTrigger


@register(PlaybookTrigger)
class PlaybookTriggerAdmin(Governed):
    list_display = (
        "playbook",
        "position",
        "kind",
        "kpi",
        "failure_mode",
        "product_area",
        "tier",
        "category",
        "severity_at_least",
    )
    list_filter = ("kind", "failure_mode", "tier")
    list_select_related = ("playbook", "kpi")
    search_fields = ("playbook__name", "product_area", "category")
    autocomplete_fields = ("playbook", "kpi")

    def is_deletable(self, obj: PlaybookTrigger) -> bool:
        return True
