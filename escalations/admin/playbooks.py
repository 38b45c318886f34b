"""When a playbook is proposed, and the runs of those whose incident one may see."""

from __future__ import annotations

from django.http import HttpRequest

from config.lib.admin import Governed, register
from config.lib.people import person_of
from escalations.models import PlaybookTrigger
from escalations.selectors.playbook_runs import real_runs
from playbooks.admin.runs import PlaybookRunAdmin
from playbooks.models import PlaybookRun


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


@register(PlaybookRun)
class SeenRunAdmin(PlaybookRunAdmin):
    def get_queryset(self, request: HttpRequest):
        seen = real_runs(person_of(request))
        return super().get_queryset(request).filter(pk__in=seen.values("pk"))
