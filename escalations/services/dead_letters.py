"""Messages that nobody got: sent again on somebody's word, and old tries forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from accounts.selectors.contact_methods import ways_of
from config.lib.errors import Conflict, DomainError, NotAllowed
from config.lib.queue import enqueue
from escalations.models import Notice, NoticeAttempt
from escalations.models.notices import NoticeKind, Outcome
from escalations.rules.lifecycle import OPEN_STATES
from escalations.services.addressing import take_way
from escalations.services.locks import lock_incident
from escalations.services.recorder import DELIVER, Recorder

RIGHT = "escalations.resend_notice"
KEEP_TRIES = timedelta(days=90)
AT_ONCE = 1000


@transaction.atomic
def send_again(pk: int, *, reason: str, by: User, at: datetime) -> Notice:
    """A new round of tries, under the same key, by the way its person has now. The caller saw to it
    that `by` may see it.

    Raises NotAllowed `missing_right`, DomainError `reason_missing`, Conflict `not_failed`,
    `incident_over` for a page nobody needs any more, `no_way` where its person has none.
    """
    if not by.has_perm(RIGHT):
        raise NotAllowed("missing_right", "Duty managers and the committee send again.")
    if not reason.strip():
        raise DomainError("reason_missing", "Say why.")
    incident_id = Notice.objects.values_list("incident", flat=True).get(pk=pk)
    incident = lock_incident(incident_id) if incident_id is not None else None
    notice = Notice.objects.select_for_update(of=("self",)).get(pk=pk)
    if notice.failed_at is None:
        raise Conflict("not_failed", "It did not fail: there is nothing to send again.")
    if notice.kind == NoticeKind.PAGE and incident and incident.state not in OPEN_STATES:
        raise Conflict("incident_over", f"{incident.key} is over: nobody is woken for it now.")
    _look_for_a_way(notice)
    again = NoticeAttempt(
        notice=notice,
        number=notice.attempts,
        at=at,
        outcome=Outcome.AGAIN,
        error=reason.strip()[:300],
        by=by,
    )
    again.save(force_insert=True)
    notice.failed_at = notice.leased_until = notice.began_at = None
    notice.attempts_before, notice.not_before = notice.attempts, at
    notice.save()
    if incident is not None:
        recorder = Recorder(at)
        sentence = f"A message to {notice.recipient} is sent again: it had failed."
        recorder.event(incident, "message_again", sentence, by=by, reason=reason.strip()[:300])
        recorder.write()
    enqueue(DELIVER)
    return notice


def _look_for_a_way(notice: Notice) -> None:
    """The one it had, if that is still good; else the person's first."""
    ways = ways_of([notice.recipient])[notice.recipient_id]
    if not ways or not notice.recipient.is_active:
        raise Conflict("no_way", f"{notice.recipient} has no way to be reached.")
    if notice.drill_id is not None or any(way.method == notice.method_id for way in ways):
        return
    take_way(notice, ways[0])


def forget_old_tries(at: datetime) -> int:
    """Tries of over ninety days ago; what somebody sent again by hand stays said."""
    old = NoticeAttempt.objects.filter(at__lt=at - KEEP_TRIES, by=None).order_by("at")
    forgotten = 0
    while keys := list(old.values_list("pk", flat=True)[:AT_ONCE]):
        forgotten += NoticeAttempt.objects.filter(pk__in=keys).delete()[0]
    return forgotten
