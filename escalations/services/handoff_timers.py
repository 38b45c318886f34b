"""A hand-off that nobody answered: the sweep's verb."""

from __future__ import annotations

from datetime import datetime

from escalations.models import Handoff
from escalations.models.notices import NoticeKind
from escalations.rules.lifecycle import OPEN_STATES
from escalations.selectors.duty import duty_managers
from escalations.services.locks import lock_incident
from escalations.services.moves import finish
from escalations.services.recorder import Recorder


def settle_handoff(pk: int, at: datetime) -> bool:
    """Nobody answered in time: back to its sender, and the duty managers are told."""
    number = Handoff.objects.values_list("incident_id", flat=True).get(pk=pk)
    incident = lock_incident(number)
    handoff = (
        Handoff.objects.select_for_update(of=("self",))
        .select_related("from_user", "to_user", "to_team")
        .get(pk=pk)
    )
    if handoff.expires_at is None or handoff.expires_at > at:
        return False
    recorder, before, due = Recorder(at), incident.state, handoff.expires_at
    handoff.returned_at, handoff.expires_at = at, None
    handoff.save()
    sentence = f"{handoff.receiver} did not answer: it stays with {handoff.from_user}."
    recorder.event(incident, "handoff_returned", sentence, at=due)
    if incident.state in OPEN_STATES:
        told = {handoff.from_user_id: (handoff.from_user, "you own it still.")}
        for person in duty_managers():
            told.setdefault(person.pk, (person, "you are a duty manager: a hand-off failed."))
        for person, why in told.values():
            recorder.notice(
                incident,
                person,
                NoticeKind.WARNING,
                key=f"handoff:{handoff.number}:expired",
                headline="Nobody answered a hand-off",
                why=why,
                lines=(sentence,),
            )
    finish(incident, recorder, before=before)
    return True
