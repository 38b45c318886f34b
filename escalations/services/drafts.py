"""What somebody types for the customer is kept while they type: a dead battery loses nothing."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from config.lib.errors import field_error
from escalations.models import Incident, UpdateDraft

LONGEST = 4000


def save_draft(incident: Incident, text: str, *, by: User, at: datetime) -> None:
    """An empty text drops the draft. Raises DomainError 400 `too_long`."""
    if len(text) > LONGEST:
        raise field_error("text", "too_long", f"An update has {LONGEST} characters at most.")
    with transaction.atomic():
        if not text.strip():
            UpdateDraft.objects.filter(incident=incident, person=by).delete()
            return
        UpdateDraft.objects.update_or_create(
            incident=incident, person=by, defaults={"text": text, "saved_at": at}
        )
