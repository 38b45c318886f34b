"""The library. A draft is edited here; what was in force stays as it was."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from config.lib.admin import (
    Governed,
    GovernedStack,
    ReadOnlyInline,
    display,
    register,
)
from playbooks.models import Playbook, PlaybookStep, PlaybookVersion

STATE_COLOURS = {
    "In force": "success",
    "Draft": "info",
    "In review": "warning",
    "Approved": "info",
    "Scheduled": "warning",
    "Retired": "",
}


class VersionInline(ReadOnlyInline):
    model = PlaybookVersion
    fields = ("number", "state", "effective_from", "retired_at", "note")
    verbose_name_plural = "versions"
    show_change_link = True


@register(Playbook)
class PlaybookAdmin(Governed):
    list_display = ("name", "code", "kind", "product_area", "owner", "team", "is_active")
    list_filter = ("kind", "is_active", "product_area")
    list_select_related = ("owner", "team")
    search_fields = ("name", "code", "summary")
    autocomplete_fields = ("owner", "team")
    inlines = (VersionInline,)


class StepInline(GovernedStack):
    model = PlaybookStep
    fields = (
        ("position", "owner_role", "timebox_s", "needs_approval"),
        "title",
        "instructions",
        "expected_outcome",
    )


@register(PlaybookVersion)
class PlaybookVersionAdmin(Governed):
    list_display = (
        "label",
        "playbook",
        "state_label",
        "effective_from",
        "published_by",
        "note",
        "ask_link",
    )
    list_filter = ("state", "playbook")
    list_select_related = ("playbook", "published_by")
    search_fields = ("playbook__name", "note")
    autocomplete_fields = ("playbook",)
    ordering = ("playbook", "-number")
    fieldsets = (
        (None, {"fields": ("playbook", "number", "note", "when_to_use")}),
        ("What it claims", {"fields": ("hypothesis", "success_criterion", "rollback")}),
        ("Approval", {"fields": ("needs_approval",)}),
        (
            "Publication",
            {"fields": ("state", "effective_from", "retired_at", "published_by", "sha256")},
        ),
    )
    # States change by the service that checks and seals the version.
    readonly_fields = ("state", "effective_from", "retired_at", "published_by", "sha256")
    inlines = (StepInline,)

    def is_sealed(self, obj: Any) -> bool:
        return obj.state != "draft"

    def is_deletable(self, obj: Any) -> bool:
        return obj.state == "draft"

    @display(description="Version", ordering="number")
    def label(self, obj: PlaybookVersion) -> str:
        return f"v{obj.number}"

    @display(description="State", label=STATE_COLOURS, ordering="state")
    def state_label(self, obj: PlaybookVersion) -> str:
        return obj.get_state_display()

    @display(description="Approval")
    def ask_link(self, obj: PlaybookVersion) -> str:
        """To the page where a draft is asked for."""
        word = "Ask for approval" if obj.state == "draft" else "Versions"
        url = reverse("versions", args=["playbook", obj.playbook.code])
        return format_html('<a href="{}?to={}">{}</a>', url, obj.number, word)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """While it is stored nobody sends it to review in between."""
        key = str(args[0] if args else "")
        with transaction.atomic():
            if request.method == "POST" and key.isdecimal():
                list(PlaybookVersion.objects.select_for_update(of=("self",)).filter(pk=key))
            return super().changeform_view(request, *args, **kwargs)
