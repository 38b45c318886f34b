"""Message templates. An unknown placeholder is refused when it is saved."""

from __future__ import annotations

from config.lib.admin import Governed, register
from playbooks.models import MessageTemplate
from playbooks.rules.templates import PLACEHOLDERS

WORDS = ", ".join("{{ " + name + " }}" for name in PLACEHOLDERS)


@register(MessageTemplate)
class MessageTemplateAdmin(Governed):
    list_display = ("name", "code", "language", "channel", "product_area", "is_active")
    list_filter = ("channel", "language", "is_active")
    search_fields = ("name", "code", "body")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "name",
                    ("code", "language"),
                    ("channel", "product_area"),
                    "subject",
                    "body",
                    "is_active",
                ),
                "description": f"Placeholders: {WORDS}",
            },
        ),
    )
