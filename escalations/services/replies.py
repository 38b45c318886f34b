"""The customer wrote back: what waited for them goes on from the moment of their reply."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from config.lib.errors import field_error
from escalations.models import Incident, TimelineEvent
from escalations.models.notices import NoticeKind
from escalations.rules.situation import OPEN_STATES
from escalations.selectors.policies import policy_doc
from escalations.services import clocks
from escalations.services.course import WAITING
from escalations.services.finishing import finish
from escalations.services.moves import lock
from escalations.services.recorder import Recorder

KIND = "reply"


def receive_reply(
    number: int,
    text: str,
    *,
    name: str = "",
    message_id: str = "",
    received_at: datetime | None = None,
    by: User,
    at: datetime,
) -> Incident:
    """Dated at `received_at`, also when it is told later. The same `message_id` counts once.

    Raises DomainError 404 `not_found`, 400 `in_future`.
    """
    moment = received_at or at
    if moment > at:
        raise field_error("received_at", "in_future", "A reply was received before now.")
    with transaction.atomic():
        incident = lock(number, by)
        told = TimelineEvent.objects.filter(incident=incident, kind=KIND)
        if message_id and told.filter(detail__message_id=message_id).exists():
            return incident
        recorder, before = Recorder(at), incident.state
        recorder.event(
            incident,
            KIND,
            text,
            by=by,
            at=moment,
            detail={"from": name, "message_id": message_id, "who": name},
        )
        if incident.state in OPEN_STATES and _go_on(incident, moment, recorder, by):
            sentence = "The customer replied: the wait is over."
            recorder.event(incident, "resumed", sentence, by=by, at=moment)
        if incident.commander is not None:
            recorder.notice(
                incident,
                incident.commander,
                NoticeKind.NEWS,
                key=f"reply:{incident.version}",
                headline=f"{name or 'The customer'} replied"[:200],
                why="you own this incident.",
                lines=(text[:500],),
            )
        finish(incident, recorder, before=before)
    return incident


def _go_on(incident: Incident, moment: datetime, recorder: Recorder, by: User) -> bool:
    doc = policy_doc(incident.policy_version_id)
    paused = [each for each in clocks.live_clocks(incident, *WAITING) if each.run_state == "paused"]
    for clock in paused:
        since = max(moment, clock.paused_since or moment)
        clocks.log(clock, "customer_reply", at=since, doc=doc, recorded_at=recorder.at, by=by)
    return any(clock.run_state == "running" for clock in paused)
