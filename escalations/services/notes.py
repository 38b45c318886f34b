"""Taking back a note. The note itself is a verb of the incident, and stays where it stands."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.selectors.people import rights_of
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from escalations.models import NoteWithdrawal, TimelineEvent
from escalations.selectors.incidents import visible_incident
from escalations.services.locks import lock_incident
from escalations.services.moves import finish
from escalations.services.recorder import Recorder


def withdraw_note(number: int, seq: int, reason: str, *, by: User, at: datetime) -> NoteWithdrawal:
    """Its writer, or somebody who oversees every incident, strikes it out and says why.

    Raises DomainError 404 `not_found`, 403 `missing_right`, 400 `no_reason`, 409
    `already_withdrawn`.
    """
    visible_incident(number, by)
    reason = reason.strip()
    if not reason:
        raise field_error("reason", "no_reason", "Say why the note is withdrawn.")
    with transaction.atomic():
        incident = lock_incident(number)
        notes = TimelineEvent.objects.filter(incident=incident, kind="note", seq=seq)
        note = notes.first()
        if note is None:
            raise DomainError("not_found", f"{incident.key} has no such note.", status=404)
        rights = rights_of(by)
        is_writer = note.actor_id == by.pk and "respond_incident" in rights
        if not is_writer and "cancel_incident" not in rights:
            raise NotAllowed("missing_right", "Its writer or a duty manager withdraws a note.")
        if NoteWithdrawal.objects.filter(event=note).exists():
            raise Conflict("already_withdrawn", "It was withdrawn before.")
        withdrawal = NoteWithdrawal.objects.create(
            event=note, withdrawn_at=at, withdrawn_by=by, reason=reason[:300]
        )
        recorder = Recorder(at)
        recorder.event(
            incident, "note_withdrawn", "Took back a note.", by=by, reason=reason, detail={}
        )
        finish(incident, recorder, before=incident.state)
    return withdrawal
