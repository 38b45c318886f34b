"""The rubric of account value and its versions. Its page writes them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import ValueRubric, ValueRubricVersion
from config.lib.admin import ReadOnlyHistory, ReadOnlyInline, register


class ValueRubricVersionInline(ReadOnlyInline):
    model = ValueRubricVersion
    fields = ("number", "state", "effective_from", "retired_at", "published_by", "note", "sha256")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("published_by")


@register(ValueRubric)
class ValueRubricAdmin(ReadOnlyHistory):
    list_display = ("name", "code", "updated_at")
    list_filter = ("updated_at",)
    search_fields = ("name", "code")
    inlines = (ValueRubricVersionInline,)


@register(ValueRubricVersion)
class ValueRubricVersionAdmin(ReadOnlyHistory):
    list_display = ("rubric", "number", "state", "effective_from", "retired_at", "note")
    list_select_related = ("rubric",)
    list_filter = ("state",)
    search_fields = ("note",)
    ordering = ("-number",)
