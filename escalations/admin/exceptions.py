from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest

from config.lib.admin import ReadOnlyHistory, register
from escalations.models import AutomationPause, PolicyException


@register(PolicyException)
class PolicyExceptionAdmin(ReadOnlyHistory):
    list_display = ("__str__", "policy", "kind", "state", "asked_by", "starts_at", "expires_at")
    list_filter = ("state", "kind", "policy")
    list_select_related = ("policy", "asked_by")
    search_fields = ("reason", "rule")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PolicyException]:
        return super().get_queryset(request).visible_to(request.user)


@register(AutomationPause)
class AutomationPauseAdmin(ReadOnlyHistory):
    list_display = ("__str__", "scope", "reason", "paused_by", "starts_at", "ends_at", "ended_at")
    list_filter = ("scope",)
    list_select_related = ("paused_by",)
    search_fields = ("reason",)
    ordering = ("-id",)
