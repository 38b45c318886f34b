from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from config.lib.history import told
from escalations.models import PlaybookTrigger
from playbooks.models import Playbook
from playbooks.services.rights import EDIT, require


@transaction.atomic
def set_triggers(
    playbook: Playbook, rows: Sequence[Mapping[str, Any]], *, by: User, at: datetime
) -> list[PlaybookTrigger]:
    """These triggers instead of the present ones. Raises ValidationError `no_condition`."""
    require(by, EDIT)
    Playbook.objects.select_for_update().only("pk").get(pk=playbook.pk)
    for old in PlaybookTrigger.objects.filter(playbook=playbook):
        told(old, by=by, at=at).delete()
    made = []
    for position, given in enumerate(rows, 1):
        trigger = PlaybookTrigger(playbook=playbook, position=position, **given)
        trigger.full_clean()
        told(trigger, by=by, at=at).save()
        made.append(trigger)
    return made
