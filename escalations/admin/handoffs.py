"""Hand-offs, merges and links, as they happened."""

from __future__ import annotations

from config.lib.admin import ReadOnly, register
from escalations.models import Handoff, Incident, IncidentLink, Merge


class _OfIncidents(ReadOnly):
    """Both incidents of a row must be seen."""

    ends: tuple[str, ...] = ("incident",)

    def get_queryset(self, request):
        seen = Incident.objects.visible_to(request.user)
        rows = super().get_queryset(request)
        for end in self.ends:
            rows = rows.filter(**{f"{end}__in": seen})
        return rows


@register(Handoff)
class HandoffAdmin(_OfIncidents):
    list_display = (
        "incident",
        "number",
        "from_user",
        "to_user",
        "to_team",
        "asked_at",
        "is_return",
    )
    list_filter = ("is_return", "to_team")
    list_select_related = ("incident", "from_user", "to_user", "to_team")
    search_fields = ("incident__title", "summary")
    ordering = ("-id",)


@register(Merge)
class MergeAdmin(_OfIncidents):
    ends = ("incident", "into")
    list_display = ("incident", "into", "merged_at", "merged_by", "undone_at")
    list_filter = ("is_earliest",)
    list_select_related = ("incident", "into", "merged_by")
    search_fields = ("incident__title", "into__title", "reason")
    ordering = ("-id",)


@register(IncidentLink)
class LinkAdmin(_OfIncidents):
    ends = ("incident", "other")
    list_display = ("incident", "kind", "other", "linked_at", "linked_by", "ended_at")
    list_filter = ("kind",)
    list_select_related = ("incident", "other", "linked_by")
    search_fields = ("incident__title", "other__title")
    ordering = ("-id",)
