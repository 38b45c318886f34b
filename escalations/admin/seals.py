"""Seals and the looks back at them. Written by the sealer alone."""

from __future__ import annotations

from config.lib.admin import ReadOnly, register
from escalations.models import Seal, Verification


@register(Seal)
class SealAdmin(ReadOnly):
    list_display = ("chain", "seq", "row_count", "rows_total", "sealed_at", "digest")
    fields = ("chain", "seq", "row_count", "rows_total", "sealed_at", "prev_hash", "digest")
    search_fields = ("chain", "=digest")
    list_filter = ("sealed_at",)
    ordering = ("-pk",)


@register(Verification)
class VerificationAdmin(ReadOnly):
    list_display = ("at", "took_ms", "rows", "chains", "unsealed", "fault_count", "asked_by")
    list_filter = ("at", "is_complete")
    list_select_related = ("asked_by",)
    search_fields = ("=head",)
    ordering = ("-at",)
