from __future__ import annotations

from config.lib.admin import ReadOnly, register
from escalations.models import SavedView


@register(SavedView)
class SavedViewAdmin(ReadOnly):
    list_display = ("name", "user", "team", "is_for_all", "made_by", "made_at", "deleted_at")
    list_filter = ("is_for_all", "team")
    list_select_related = ("user", "team", "made_by")
    search_fields = ("name",)
    ordering = ("-id",)
