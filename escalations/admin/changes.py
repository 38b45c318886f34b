"""Requests to change the rules with all that was said, and suggestions. Pages write them."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from config.lib.admin import ReadOnly, ReadOnlyHistory, ReadOnlyInline, display, register
from escalations.models import (
    AnsweredWarning,
    Approval,
    ApprovalRule,
    ApprovalRuleVersion,
    Change,
    ChangeReader,
    ChangeRequest,
    Incident,
    Suggestion,
)
from escalations.selectors.governed_kinds import KINDS, kind_of, version_of


class ChangeInline(ReadOnlyInline):
    model = Change
    fields = ("version", "replaced_number", "restores_number")
    readonly_fields = ("version",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        owners = [f"{kind.field}__{kind.owner}" for kind in KINDS]
        return super().get_queryset(request).select_related(*owners)

    @display(description="version")
    def version(self, obj: Change) -> str:
        return kind_of(obj).name_of(version_of(obj))


class ApprovalInline(ReadOnlyInline):
    model = Approval
    fields = ("round", "person", "verdict", "comment", "at")
    verbose_name_plural = "words"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("person")


class WarningInline(ReadOnlyInline):
    model = AnsweredWarning
    fields = ("round", "sentence")


class ReaderInline(ReadOnlyInline):
    model = ChangeReader
    fields = ("person", "told_at", "read_at")
    verbose_name_plural = "readers"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("person")


@register(ChangeRequest)
class ChangeRequestAdmin(ReadOnlyHistory):
    list_display = ("title", "state", "author", "asked_at", "is_emergency", "effective_at")
    list_filter = ("state", "is_emergency")
    list_select_related = ("author",)
    search_fields = ("title", "reason")
    ordering = ("-asked_at",)
    inlines = (ChangeInline, ApprovalInline, WarningInline, ReaderInline)


@register(Approval)
class ApprovalAdmin(ReadOnly):
    """The log: who said what, when."""

    list_display = ("request", "person", "verdict", "round", "at", "comment")
    list_filter = ("verdict",)
    list_select_related = ("request", "person")
    search_fields = ("request__title", "comment", "person__username")
    ordering = ("-at",)


class ApprovalRuleVersionInline(ReadOnlyInline):
    model = ApprovalRuleVersion
    fields = ("number", "needed", "state", "effective_from", "retired_at", "published_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("published_by")


@register(ApprovalRule)
class ApprovalRuleAdmin(ReadOnlyHistory):
    """How many approvals something needs. Pages ask for another number."""

    list_display = ("code", "scope", "policy")
    list_select_related = ("policy",)
    list_filter = ("scope",)
    search_fields = ("code",)
    inlines = (ApprovalRuleVersionInline,)


@register(Suggestion)
class SuggestionAdmin(ReadOnlyHistory):
    list_display = ("policy", "about", "text", "suggested_by", "suggested_at", "answered_at")
    list_filter = ("policy",)
    list_select_related = ("policy", "suggested_by")
    search_fields = ("text", "about")
    ordering = ("-suggested_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        seen = Incident.objects.visible_to(request.user)
        rows = super().get_queryset(request)
        return rows.filter(Q(incident=None) | Q(incident__in=seen))
