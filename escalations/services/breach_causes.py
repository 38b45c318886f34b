"""A person says why a promise was broken: confirms the proposal or names another cause."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from escalations.models import ClockMark, Incident
from escalations.models.clocks import MarkKind
from escalations.rules.breach_causes import LABELS, Cause
from escalations.services.finishing import finish
from escalations.services.locks import lock_incident
from escalations.services.recorder import Recorder

RIGHT = "escalations.respond_incident"


def confirm_cause(pk: int, *, by: User, at: datetime, cause: str = "", note: str = "") -> ClockMark:
    """No `cause`: the proposal is right. Another than the proposed one asks for a note; a cause
    may be said anew.

    Raises DomainError 403 `missing_right`, 404 `not_found`, 400 `note_missing`, 409 `void`.
    """
    if not by.has_perm(RIGHT):
        raise NotAllowed("missing_right", "Saying why needs the right to respond.")
    with transaction.atomic():
        seen = Incident.objects.visible_to(by)
        row = ClockMark.objects.exclude(kind=MarkKind.WARNING).filter(
            pk=pk, clock__incident__in=seen
        )
        number = row.values_list("clock__incident", flat=True).first()
        if number is None:
            raise DomainError("not_found", f"There is no breach {pk}.", status=404)
        incident = lock_incident(number)
        mark = ClockMark.objects.select_for_update(of=("self",)).select_related("clock").get(pk=pk)
        if mark.clock.outcome == "void":
            raise Conflict("void", "This clock counts nowhere: it needs no cause.")
        chosen = Cause(cause or mark.proposed_cause or Cause.UNKNOWN)
        if chosen.value != mark.proposed_cause and not note:
            raise field_error("note", "note_missing", "Say why it was another cause.")
        mark.cause, mark.cause_note = chosen.value, note
        mark.cause_confirmed_at, mark.cause_confirmed_by = at, by
        mark.save()
        recorder = Recorder(at)
        name = mark.clock.get_kind_display()
        recorder.event(
            incident,
            "breach_cause",
            f"Why {name.lower()} was late: {LABELS[chosen].lower()}.",
            by=by,
            reason=note,
            detail={"proposed": mark.proposed_cause, "cause": chosen.value},
        )
        finish(incident, recorder, before=incident.state)
    return mark
