"""The library. A draft is edited here; what was in force stays as it was."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from config.lib import clock
from config.lib.admin import (
    Governed,
    GovernedStack,
    ReadOnlyInline,
    display,
    register,
)
from config.lib.errors import DomainError
from config.lib.people import person_of
from playbooks.models import Playbook, PlaybookStep, PlaybookVersion
from playbooks.services.playbooks import put_in_force

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
    list_display = ("label", "playbook", "state_label", "effective_from", "published_by", "note")
    list_filter = ("state", "playbook")
    list_select_related = ("playbook", "published_by")
    search_fields = ("playbook__name", "note")
    autocomplete_fields = ("playbook",)
    ordering = ("playbook", "-number")
    actions = ("put_these_in_force",)
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

    @display(description="Put in force")
    def put_these_in_force(self, request: HttpRequest, rows: Any) -> None:
        for version in rows.select_related("playbook"):
            try:
                put_in_force(version, by=person_of(request), at=clock.now())
            except DomainError as error:
                messages.error(request, f"{version.playbook} {version}: {error.detail}")
            else:
                messages.success(request, f"{version.playbook} {version} is in force.")
