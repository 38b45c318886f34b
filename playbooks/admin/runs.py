"""Runs as the record has them. They are worked on their own page, never here."""

from __future__ import annotations

from config.lib.admin import ReadOnly, ReadOnlyInline, display
from playbooks.models import PlaybookRun, StepRun

STATE_COLOURS = {
    "Waits for approval": "warning",
    "Running": "info",
    "Done": "success",
    "Stopped": "",
}


class StepRunInline(ReadOnlyInline):
    model = StepRun
    fields = ("position", "step", "state", "due_at", "approved_by", "done_at", "done_by", "note")


class PlaybookRunAdmin(ReadOnly):
    """Registered by the app that knows whose incident a run is for, and so who may see it."""

    list_display = ("playbook", "version", "state_label", "outcome", "requested_at", "requested_by")
    list_filter = ("state", "outcome")
    list_select_related = ("version__playbook", "requested_by")
    search_fields = ("version__playbook__name", "version__playbook__code")
    ordering = ("-requested_at", "-id")
    inlines = (StepRunInline,)

    @display(description="Playbook")
    def playbook(self, obj: PlaybookRun) -> str:
        return str(obj.version.playbook)

    @display(description="State", label=STATE_COLOURS, ordering="state")
    def state_label(self, obj: PlaybookRun) -> str:
        return obj.get_state_display()
