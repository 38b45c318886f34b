from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from playbooks.models import MessageTemplate
from playbooks.services.rights import EDIT, require


@transaction.atomic
def save_template(
    template: MessageTemplate, *, by: User, at: datetime, reason: str = ""
) -> MessageTemplate:
    """Raises ValidationError `unknown_placeholder` and whatever else a template may not be."""
    require(by, EDIT)
    template._history_user = by
    template._history_date = at
    template._change_reason = reason
    template.full_clean()
    template.save()
    return template
