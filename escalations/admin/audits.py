"""The house's looks at itself, and what they found. Written by the audit alone."""

from __future__ import annotations

from django.contrib.admin import EmptyFieldListFilter

from config.lib.admin import ReadOnly, register
from escalations.models import Audit, AuditFinding


@register(AuditFinding)
class AuditFindingAdmin(ReadOnly):
    list_display = ("code", "sentence", "thing", "incident", "due_at", "found_at", "cleared_at")
    list_filter = ("code", "found_at", ("cleared_at", EmptyFieldListFilter))
    list_select_related = ("incident",)
    search_fields = ("thing", "sentence")
    ordering = ("-found_at",)


@register(Audit)
class AuditAdmin(ReadOnly):
    search_fields = ("=pk",)
    list_display = ("at", "took_ms", "looked_at", "open_findings", "oldest_unsent_s", "queued_jobs")
    list_filter = ("at",)
    ordering = ("-at",)
