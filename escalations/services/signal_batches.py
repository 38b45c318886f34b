"""Many signals in one message: each is taken in as if it had come alone, new ones set-wise.

Identity is as for a single message: a key given for the batch counts as KEY/ROW for each row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from escalations.models import Delivery, Signal
from escalations.selectors.standby import Standby
from escalations.services.deliveries import Answer, digest_of, name_of, once
from escalations.services.incidents import open_incidents
from escalations.services.maintenance import Keeper
from escalations.services.signals import Received, SignalMessage, receive_signal, signal_of

log = logging.getLogger("belay.intake")
TOGETHER = 100  # opened in one transaction: others get their turn between


@dataclass(frozen=True, slots=True)
class Sent:
    """One row of a batch. `key` is empty where the batch had none."""

    row: int
    message: SignalMessage
    body: Any
    key: str
    carries_time: bool

    @property
    def identity(self) -> tuple[str, str]:
        return self.message.source, self.message.dedup_key


def receive_batch(
    sent: Sequence[Sent],
    *,
    by: User,
    at: datetime,
    answer_of: Callable[[Received], Answer],
) -> dict[int, Answer | Exception]:
    """Row -> its answer, or what was wrong with it: one bad row never holds up the others."""
    answers: dict[int, Answer | Exception] = {}
    new = _new(sent, by)
    for start in range(0, len(new), TOGETHER):
        try:
            answers |= _open(new[start : start + TOGETHER], by, at, answer_of)
        except Exception as error:  # of whatever row: each is tried alone below
            if not isinstance(error, IntegrityError):
                log.exception("A batch could not be opened together; trying its rows one by one.")
    for each in sent:
        if each.row not in answers:
            answers[each.row] = _alone(each, by, at, answer_of)
    return answers


def _new(sent: Sequence[Sent], by: User) -> list[Sent]:
    """Those that begin something nobody has heard of: no episode, no message of this identity."""
    firsts: dict[tuple[str, str], Sent] = {}
    for each in sent:
        firsts.setdefault(each.identity, each)
    sources = {each.message.source for each in firsts.values()}
    keys = {each.message.dedup_key for each in firsts.values()}
    known = set(
        Signal.objects.real()
        .filter(source__in=sources, dedup_key__in=keys)
        .values_list("source", "dedup_key")
    )
    new = [e for e in firsts.values() if e.message.is_firing and e.identity not in known]
    names = {e.row: name for e in new if (name := _name(e, by))}
    received = set(
        Delivery.objects.filter(source__in=sources, key__in=set(names.values())).values_list(
            "source", "key"
        )
        if names
        else ()
    )
    return [e for e in new if (e.message.source, names.get(e.row)) not in received]


def _name(each: Sent, by: User) -> str:
    return name_of(each.key, each.body, carries_time=each.carries_time, by=by)


@transaction.atomic
def _open(
    new: Iterable[Sent], by: User, at: datetime, answer_of: Callable[[Received], Answer]
) -> dict[int, Answer]:
    standby = Standby(at)
    keeper = Keeper(at, standby)
    signals = [(each, signal_of(each.message)) for each in new]
    opening = [signal for _, signal in signals if not keeper.takes(signal)]
    keeper.store()
    open_incidents(opening, at=at, by=by, standby=standby)
    answers = {
        each.row: answer_of(
            Received(signal.incident, "opened" if signal.incident_id else "kept"),
        )
        for each, signal in signals
    }
    Delivery.objects.bulk_create(
        Delivery(
            source=each.message.source,
            key=name,
            body_sha256=digest_of(each.body),
            received_at=at,
            received_from=by,
            status=answers[each.row][0],
            answer=answers[each.row][1],
        )
        for each, _ in signals
        if (name := _name(each, by))
    )
    return answers


def _alone(
    each: Sent, by: User, at: datetime, answer_of: Callable[[Received], Answer]
) -> Answer | Exception:
    try:
        return once(
            source=each.message.source,
            key=each.key,
            body=each.body,
            carries_time=each.carries_time,
            by=by,
            at=at,
            take=lambda: answer_of(receive_signal(each.message, by=by, at=at)),
        )
    except Exception as error:
        return error
