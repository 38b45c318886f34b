from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from config.lib import clock
from config.lib.admin import ReadOnlyHistory, register
from config.lib.csv_answers import as_csv
from escalations.models import AutomationPause, PolicyException
from escalations.selectors.exception_sheet import sheet_of
from escalations.selectors.exceptions import RELATED


@register(PolicyException)
class PolicyExceptionAdmin(ReadOnlyHistory):
    list_display = ("__str__", "policy", "kind", "state", "asked_by", "starts_at", "expires_at")
    list_filter = ("state", "kind", "policy")
    list_select_related = ("policy", "asked_by")
    search_fields = ("reason", "rule")
    ordering = ("-id",)
    actions = ("export",)

    @admin.action(description="Export as CSV", permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[PolicyException]) -> HttpResponse:
        rows = queryset.select_related(*RELATED).order_by("-id")
        return as_csv("".join(sheet_of(rows, clock.now())), "exceptions")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PolicyException]:
        return super().get_queryset(request).visible_to(request.user)


@register(AutomationPause)
class AutomationPauseAdmin(ReadOnlyHistory):
    list_display = ("__str__", "scope", "reason", "paused_by", "starts_at", "ends_at", "ended_at")
    list_filter = ("scope",)
    list_select_related = ("paused_by",)
    search_fields = ("reason",)
    ordering = ("-id",)
