"""Updates leave for the customer's contacts by mail: written with the update, sent by a job.

At least once with a key that stays the same, like every message of the house. What became of a
letter stands on the timeline; one that is refused or fails for hours is told to the owner.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from config.lib.queue import enqueue
from escalations.channels import email
from escalations.channels.letters import Letter
from escalations.models import CustomerLetter, Incident
from escalations.models.notices import NoticeKind
from escalations.selectors.letters import cadence_clock, contacts_of, letter_of, next_promise
from escalations.services.finishing import finish
from escalations.services.locks import lock_incident
from escalations.services.recorder import Recorder

if TYPE_CHECKING:
    from escalations.services.change import Change

SEND = "escalations.tasks.letters.send"
FIRST_WAIT = timedelta(minutes=1)
DOUBLINGS = 6
GIVE_UP_AFTER = 8  # tries, in some two hours


def write(change: Change, text: str, *, is_last: bool = False) -> list[str]:
    """A letter for each contact with an address; answers their names. Nobody in a drill."""
    incident, at = change.incident, change.at
    if incident.drill_id is not None or incident.account_id is None:
        return []
    next_at = None if is_last else next_promise(cadence_clock(incident), at)
    found = letter_of(incident, text, at, next_at)
    rows = [
        CustomerLetter(
            incident=incident,
            contact=contact,
            name=contact.name,
            subject=found.subject,
            text=found.text,
            written_by=change.by,
            created_at=at,
            try_at=at,
        )
        for contact in contacts_of(incident)
        if contact.email
    ]
    CustomerLetter.objects.bulk_create(rows)
    incident.update_drafts.filter(person=change.by).delete()
    return [row.name for row in rows]


def settle_letter(pk: int, at: datetime) -> bool:
    """A letter is due: a job sends it, and the next try is planned should that job be lost."""
    letter = CustomerLetter.objects.select_for_update().get(pk=pk)
    if letter.try_at is None or letter.try_at > at:
        return False
    letter.try_at = at + FIRST_WAIT * 2 ** min(letter.attempts, DOUBLINGS)
    letter.attempts += 1
    letter.save(update_fields=["try_at", "attempts"])
    enqueue(SEND, pk)
    return True


def send_letter(pk: int, at: datetime) -> str:
    """One try, outside any transaction. A letter that ended or has no address any more is not
    sent."""
    letter = CustomerLetter.objects.select_related("contact").filter(pk=pk, try_at__isnull=False)
    row = letter.first()
    if row is None:
        return "ended"
    address = row.contact.email if row.contact and row.contact.is_active else ""
    error = "This contact has no address any more." if not address else ""
    if address:
        try:
            email.send_plain(
                Letter(
                    key=f"customer:{row.incident_id}:{row.pk}",
                    kind="update",
                    subject=row.subject,
                    text=row.text,
                    address=address,
                    created_at=row.created_at,
                )
            )
        except Exception as raised:
            # An address of a customer stands in no log and on no page.
            error = f"{type(raised).__name__}: the mail server did not take it"
    return _mark(pk, error, at, is_final=not address)


def _mark(pk: int, error: str, at: datetime, *, is_final: bool) -> str:
    with transaction.atomic():
        number = CustomerLetter.objects.values_list("incident_id", flat=True).get(pk=pk)
        incident = lock_incident(number)
        row = CustomerLetter.objects.select_for_update().get(pk=pk)
        row.last_error = error[:300]
        is_over = is_final or row.attempts >= GIVE_UP_AFTER
        if not error:
            row.sent_at, row.try_at, row.failed_at = at, None, None
        elif is_over:
            row.failed_at, row.try_at = at, None
        row.save()
        if not error or is_over:
            _tell(row, incident, at)
    return error or "sent"


def _tell(row: CustomerLetter, incident: Incident, at: datetime) -> None:
    recorder = Recorder(at)
    about = f"The update of {row.created_at:%H:%M} UTC"
    if row.sent_at:
        recorder.event(incident, "letter_sent", f"{about} left for {row.name} by mail.")
    else:
        sentence = f"{about} did not reach {row.name}: {row.last_error}"
        recorder.event(incident, "letter_failed", sentence)
        if incident.commander is not None:
            recorder.notice(
                incident,
                incident.commander,
                NoticeKind.WARNING,
                key=f"letter:{row.pk}",
                headline=f"{row.name} was not reached",
                why="you own this incident, and the customer waits for word.",
                lines=(sentence, "Tell them another way."),
            )
    finish(incident, recorder, before=incident.state)
