"""Reviews and their actions as the record has them. They are written on their own pages."""

from __future__ import annotations

from config.lib.admin import ReadOnlyHistory, ReadOnlyInline, display, register, severity_mark
from escalations.models import (
    ActionItem,
    ContributingFactor,
    PostIncidentReview,
    ReviewAmendment,
    ReviewEntry,
    ReviewParticipant,
    ReviewSignOff,
)


class FactorInline(ReadOnlyInline):
    model = ContributingFactor
    fields = ("position", "category", "text", "evidence")


class ActionInline(ReadOnlyInline):
    model = ActionItem
    fields = ("number", "title", "kind", "owner", "verifier", "due_on", "state")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("owner", "verifier")


class SignOffInline(ReadOnlyInline):
    model = ReviewSignOff
    fields = ("kind", "person", "at", "review_version", "comment")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("person")


class AmendmentInline(ReadOnlyInline):
    model = ReviewAmendment
    fields = ("at", "author", "text")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("author")


class EntryInline(ReadOnlyInline):
    model = ReviewEntry
    fields = ("kind", "event", "from_at", "to_at", "text", "author", "recorded_at")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("author", "event")


class ParticipantInline(ReadOnlyInline):
    model = ReviewParticipant
    fields = ("user", "role")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("user")


@register(PostIncidentReview)
class ReviewAdmin(ReadOnlyHistory):
    list_display = (
        "key_",
        "severity_",
        "title_",
        "state",
        "facilitator",
        "opened_at",
        "hold_due_at",
        "signed_off_at",
    )
    list_filter = ("state", "incident__severity", "incident__team", "factors__category")
    list_select_related = ("incident", "facilitator")
    search_fields = ("incident__title", "=incident__number", "summary", "lessons", "factors__text")
    ordering = ("-opened_at",)
    inlines = (
        FactorInline,
        ActionInline,
        SignOffInline,
        AmendmentInline,
        EntryInline,
        ParticipantInline,
    )

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user).real()

    @display(description="Incident", ordering="incident")
    def key_(self, obj: PostIncidentReview) -> str:
        return obj.incident.key

    @display(description="Severity", ordering="incident__severity")
    def severity_(self, obj: PostIncidentReview) -> str:
        return severity_mark(obj.severity_final or obj.incident.severity)

    @display(description="Title")
    def title_(self, obj: PostIncidentReview) -> str:
        return obj.incident.title


@register(ActionItem)
class ActionItemAdmin(ReadOnlyHistory):
    list_display = (
        "title",
        "incident_",
        "kind",
        "owner",
        "verifier",
        "due_on",
        "times_moved",
        "state",
    )
    list_filter = ("state", "kind", "is_priority", "review__incident__team")
    list_select_related = ("owner", "verifier", "review__incident")
    search_fields = ("title", "owner__username", "=review__incident__number")
    ordering = ("due_on", "id")
    date_hierarchy = "due_on"

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user).real()

    @display(description="Incident", ordering="review__incident")
    def incident_(self, obj: ActionItem) -> str:
        return obj.review.incident.key
