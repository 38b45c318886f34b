from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from config.lib.history import told
from playbooks.models import MessageTemplate
from playbooks.services.rights import EDIT, require


@transaction.atomic
def save_template(
    template: MessageTemplate, *, by: User, at: datetime, reason: str = ""
) -> MessageTemplate:
    """Raises ValidationError `unknown_placeholder` and whatever else a template may not be."""
    require(by, EDIT)
    template.full_clean()
    told(template, by=by, reason=reason, at=at).save()
    return template
