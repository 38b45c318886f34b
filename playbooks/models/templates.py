"""Texts for mail, chat, status updates and hand-offs, each in one language."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from config.lib.models import STAMPS, Stamped, check, one_of, recorded, unique
from playbooks.rules.templates import problems


class TemplateChannel(models.TextChoices):
    EMAIL = "email", "Mail"
    CHAT = "chat", "Chat"
    STATUS_UPDATE = "status_update", "Status update"
    HANDOFF = "handoff", "Hand-off"


class MessageTemplate(Stamped):
    """`product_area` empty: for every area. Only a mail has a subject."""

    code = models.SlugField(max_length=60)
    language = models.CharField(
        max_length=5, default="en", help_text="Like en, or pt-BR where the country matters."
    )
    channel = models.CharField(max_length=16, choices=TemplateChannel)
    name = models.CharField(max_length=160)
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField(max_length=10_000)
    product_area = models.CharField(max_length=80, blank=True)
    is_active = models.BooleanField(default=True)

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["name", "language", "pk"]
        constraints = [
            unique(
                "message_template_code",
                "code",
                "language",
                sentence="This template exists in this language.",
            ),
            one_of("message_template_channel", "channel", TemplateChannel),
            check(
                "message_template_language",
                Q(language__regex=r"^[a-z]{2}(-[A-Z]{2})?$"),
                "A language is like en or pt-BR.",
            ),
            check(
                "message_template_subject",
                Q(channel="email") | Q(subject=""),
                "Only a mail has a subject.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        errors = {
            field: [ValidationError(sentence, code=code) for code, sentence in found]
            for field in ("subject", "body")
            if (found := problems(getattr(self, field)))
        }
        if errors:
            raise ValidationError(errors)
