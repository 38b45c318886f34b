"""Messages out and the tries to send them. What failed is sent again on the message's own page."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from config.lib.admin import ReadOnly, ReadOnlyInline, display, register
from escalations.models import Incident, Notice, NoticeAttempt
from escalations.models.notices import PENDING
from escalations.selectors.delivery_words import delivery_words

STATES = {
    "failed": ("Dead letters", Q(failed_at__isnull=False)),
    "uncertain": ("May have arrived", Q(uncertain_at__isnull=False, cancelled_at=None)),
    "waiting": ("Waiting", PENDING),
    "sent": ("Sent", Q(sent_at__isnull=False)),
    "cancelled": ("No longer needed", Q(cancelled_at__isnull=False)),
}


class StateFilter(SimpleListFilter):
    title = "what became of it"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, label) for name, (label, _) in STATES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notice]) -> QuerySet[Notice]:
        found = STATES.get(self.value() or "")
        return queryset.filter(found[1]) if found else queryset


class AttemptInline(ReadOnlyInline):
    model = NoticeAttempt
    fields = ("number", "at", "outcome", "error", "took_ms", "by")
    verbose_name_plural = "tries"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("by")


@register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = ("created_at", "kind", "channel", "recipient", "subject", "status", "open_link")
    list_filter = (StateFilter, "kind", "channel")
    list_select_related = ("recipient",)
    search_fields = ("subject", "address")
    ordering = ("-id",)
    inlines = (AttemptInline,)

    @display(description="what became of it")
    def status(self, obj: Notice) -> str:
        return delivery_words(obj)[0]

    @display(description="")
    def open_link(self, obj: Notice) -> str:
        label = "Send again" if obj.failed_at else "Tries"
        return format_html('<a href="{}">{}</a>', reverse("notice", args=[obj.pk]), label)

    def get_queryset(self, request):
        seen = Incident.objects.visible_to(request.user)
        rows = super().get_queryset(request).real()
        return rows.filter(Q(incident=None) | Q(incident__in=seen))


@register(NoticeAttempt)
class NoticeAttemptAdmin(ReadOnly):
    list_display = ("at", "notice", "number", "outcome", "error", "took_ms", "by")
    list_filter = ("outcome", "at")
    list_select_related = ("notice", "by")
    search_fields = ("notice__subject", "error")
    ordering = ("-id",)

    def get_queryset(self, request):
        seen = Incident.objects.visible_to(request.user)
        rows = super().get_queryset(request).filter(notice__drill=None)
        return rows.filter(Q(notice__incident=None) | Q(notice__incident__in=seen))
