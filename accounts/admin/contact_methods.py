"""Ways to be reached, for those who look after others: read only, and never a whole address."""

from __future__ import annotations

from accounts.models import ContactMethod
from config.lib.admin import ReadOnlyHistory, register


@register(ContactMethod)
class ContactMethodAdmin(ReadOnlyHistory):
    list_display = ("person", "kind", "shown", "label", "position", "verified_at", "withdrawn_at")
    list_filter = ("kind", "verified_at", "withdrawn_at")
    list_select_related = ("person",)
    search_fields = ("person__username", "person__first_name", "person__last_name", "shown")
    ordering = ("person", "position", "id")
    fields = (
        ("person", "kind"),
        ("shown", "label", "position"),
        ("created_at", "verified_at", "withdrawn_at"),
        ("last_ok_at", "last_error"),
        ("code_sent_at", "code_tries", "old_secret_until"),
    )
