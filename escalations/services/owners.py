"""Owners who leave: what they had goes back to the ladder, nothing is left without a word."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from escalations.models import Incident, Notice, Responder
from escalations.models.notices import PENDING
from escalations.rules.lifecycle import OPEN_STATES
from escalations.services.command import drop_handoff
from escalations.services.ladders import restart_run
from escalations.services.locks import lock_incident
from escalations.services.moves import finish
from escalations.services.recorder import Recorder


def release_incidents_of(person: User, *, at: datetime) -> int:
    """Every open incident of somebody who left has no owner again and climbs its ladder.

    One transaction an incident; run twice it finds nothing more. Returns how many it released.
    Pages not sent yet are cancelled.
    """
    Notice.objects.filter(PENDING, recipient=person).update(cancelled_at=at)
    numbers = list(
        Incident.objects.open().filter(commander=person).values_list("number", flat=True)
    )
    return sum(_release(number, person, at) for number in numbers)


@transaction.atomic
def _release(number: int, person: User, at: datetime) -> bool:
    incident = lock_incident(number)
    if incident.commander_id != person.pk or incident.state not in OPEN_STATES:
        return False
    recorder, before = Recorder(at), incident.state
    Responder.objects.filter(incident=incident, user=person, ended_at=None).update(ended_at=at)
    drop_handoff(incident, recorder, reason="its owner left")
    incident.commander = incident.accepted_at = None
    incident.explanation["why_owner"] = f"{person} left"
    recorder.event(incident, "owner_left", f"{person} left; nobody owns it now.")
    restart_run(incident, recorder, reason="its owner left")
    finish(incident, recorder, before=before)
    return True
