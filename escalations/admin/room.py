"""What people bring to an incident, and the rules of task forces; read only."""

from __future__ import annotations

from django.contrib.admin import EmptyFieldListFilter
from django.db.models import F

from config.lib.admin import ReadOnly, ReadOnlyHistory, display, register
from escalations.admin.handoffs import _OfIncidents
from escalations.models import (
    Decision,
    Evidence,
    Incident,
    Milestone,
    NoteWithdrawal,
    TaskForce,
    TaskForceRule,
    Workstream,
)
from escalations.selectors.task_forces import where_from


@register(Evidence)
class EvidenceAdmin(_OfIncidents):
    list_display = ("incident", "kind", "title", "taken_by", "taken_at", "withdrawn_at")
    list_filter = ("kind",)
    list_select_related = ("incident", "taken_by")
    search_fields = ("title", "file_name")
    ordering = ("-id",)


@register(NoteWithdrawal)
class NoteWithdrawalAdmin(ReadOnly):
    list_display = ("event", "withdrawn_by", "withdrawn_at", "reason")
    list_filter = ("withdrawn_at",)
    list_select_related = ("event", "withdrawn_by")
    search_fields = ("reason",)
    ordering = ("-id",)

    def get_queryset(self, request):
        seen = Incident.objects.visible_to(request.user)
        return super().get_queryset(request).filter(event__incident__in=seen)


@register(Decision)
class DecisionAdmin(_OfIncidents):
    list_display = ("incident", "number", "kind", "title", "decided_by", "approved_by")
    list_filter = ("kind",)
    list_select_related = ("incident", "decided_by", "approved_by")
    search_fields = ("title", "rationale")
    ordering = ("-id",)


@register(Milestone)
class MilestoneAdmin(_OfIncidents):
    list_display = ("incident", "title", "stage", "owner", "due_at", "done_at", "reminded")
    list_filter = ("stage",)
    list_select_related = ("incident", "owner")
    search_fields = ("title",)
    ordering = ("-id",)


@register(Workstream)
class WorkstreamAdmin(_OfIncidents):
    list_display = ("incident", "name", "owner", "begun_at", "ended_at")
    list_filter = ("begun_at",)
    list_select_related = ("incident", "owner")
    search_fields = ("name",)
    ordering = ("-id",)


@register(TaskForce)
class TaskForceAdmin(_OfIncidents):
    list_display = ("incident", "formed_by_rule", "formed_at", "formed_by", "ended_at")
    list_filter = ("formed_at",)
    search_fields = ("incident__title", "rule__name")
    list_select_related = ("incident", "rule__version__policy", "formed_by")
    ordering = ("-id",)

    @display(description="By", ordering="rule")
    def formed_by_rule(self, obj):
        return f"{where_from(obj.rule)}: {obj.rule.name}" if obj.rule else ""


@register(TaskForceRule)
class TaskForceRuleAdmin(ReadOnlyHistory):
    """Read here; those of a draft are written with it."""

    list_display = ("of", "position", "name", "severity_at_least", "tier", "product_area")
    list_filter = (("version", EmptyFieldListFilter), "version__policy", "tier")
    list_select_related = ("version__policy",)
    search_fields = ("name", "product_area")
    ordering = (F("version").asc(nulls_first=True), "position")

    @display(description="Of", ordering="version")
    def of(self, obj):
        return f"{obj.version.policy.name} v{obj.version.number}" if obj.version else "The house"
